import { describe, expect, it } from 'vitest';
import { Catalogue, parseFigure } from './figure';
import { GROUPS, groupsOf, LINES_MAX } from './panels';

describe('the name of a figure', () => {
  it('is a metric, its labels and what is kept of it', () => {
    const figure = parseFigure('atelier_http_requests_total{method="GET",route="/api/threads/{id}",status="2xx"}:rate')!;
    expect(figure).toMatchObject({ metric: 'atelier_http_requests_total', stat: 'rate' });
    expect([...figure.labels]).toEqual([['method', 'GET'], ['route', '/api/threads/{id}'], ['status', '2xx']]);
    expect(parseFigure('atelier_http_connections:value')).toMatchObject({ metric: 'atelier_http_connections', stat: 'value', labels: new Map() });
  });
  it('may have quotes in its labels', () => expect(parseFigure('a{b="c\\"d\\\\",e="f"}:p95')!.labels).toEqual(new Map([['b', 'c"d\\'], ['e', 'f']])));
  it('is none without what is kept', () => {
    for (const wrong of ['', 'a', 'a:', 'a:p90', '{b="c"}:rate', 'a{b="c":rate']) expect(parseFigure(wrong), wrong).toBeNull();
  });
});

describe('panels', () => {
  const told = (names: string[]) => groupsOf(new Catalogue(names), (word) => word);
  it('are those whose figures there are', () => {
    expect(told([])).toEqual([]);
    expect(told(['atelier_http_connections:value', 'atelier_unheard_of:value'])).toEqual([
      { id: 'connections', title: 'group.connections', panels: [{ id: 'open', title: 'panel.open', unit: 'count', lines: [{ figure: 'atelier_http_connections:value', name: 'line.connections' }] }] },
    ]);
  });
  it('have a line for each series, called by what tells them apart', () => {
    expect(told(['atelier_loop_lag_seconds{loop="0"}:p99', 'atelier_loop_lag_seconds{loop="1"}:p99', 'atelier_loop_lag_seconds{loop="1"}:p50'])[0]!.panels[0]!.lines.map(({ name }) => name)).toEqual(['loop 0', 'loop 1']);
    expect(told(['atelier_limit_refusals_total{limit="requests_per_minute"}:rate'])[0]!.panels[0]!.lines[0]!.name).toBe('requests per minute');
  });
  it('have no more lines than can be told apart', () => {
    const many = Array.from({ length: 40 }, (_, at) => `atelier_graph_step_seconds{type="t${at}"}:p95`);
    expect(told(many)[0]!.panels[0]!.lines).toHaveLength(LINES_MAX);
  });
  it('have names of their own', () => {
    const ids = GROUPS.flatMap(({ panels }) => panels.map(({ id }) => id));
    expect(new Set([...ids, 'requests', 'latency']).size).toBe(ids.length + 2);
  });
});
