import { describe, expect, it } from 'vitest';
import type { ModelRoute, RouteDefinition, RouteTarget } from '$lib/api/gateway-types';
import { RouteEdits } from './route-edits.svelte';

const target = (model: string, weight = 1): RouteTarget => ({ provider: 'lab', model, weight });
const [a, b, c] = [target('a'), target('b'), target('c')];
const route: ModelRoute = { name: 'fast', revision: 3, created_at: '', updated_at: '', strategy: 'ordered', targets: [a, b, c], cache_life_s: 60, hedges: true, shares_equal: false };

// A server that answers when it is told to.
function server() {
  const asked: { known: ModelRoute; body: RouteDefinition; answer: (error?: Error) => void }[] = [];
  const saved: ModelRoute[] = [];
  const refused: string[] = [];
  const edits = new RouteEdits({
    save: (known, body) => new Promise((resolve, reject) => asked.push({ known, body, answer: (error) => (error ? reject(error) : resolve({ ...known, ...body, revision: known.revision + 1 })) })),
    saved: (one) => saved.push(one),
    refused: (name) => refused.push(name),
  });
  return { asked, saved, refused, edits };
}
const settled = () => new Promise((resolve) => setTimeout(resolve));

describe('changes of a route', () => {
  it('are shown at once and sent with the revision they are based on, without losing the rest', async () => {
    const { asked, saved, edits } = server();
    const done = edits.set(route, [b, a, c]);
    expect(edits.targetsOf(route)).toEqual([b, a, c]);
    expect(edits.isSaving('fast')).toBe(true);
    expect(asked[0]!.known.revision).toBe(3);
    expect(asked[0]!.body).toEqual({ strategy: 'ordered', targets: [b, a, c], cache_life_s: 60, hedges: true, shares_equal: false });
    asked[0]!.answer();
    await done;
    expect(saved.map(({ revision }) => revision)).toEqual([4]);
    expect(edits.isSaving('fast')).toBe(false);
  });
  it('made while one is on its way are one more write, of the last of them, on what that one left', async () => {
    const { asked, saved, edits } = server();
    const done = edits.set(route, [b, a, c]);
    void edits.set(route, [b, c, a]);
    void edits.set(route, [c, b, a]);
    expect(asked).toHaveLength(1);
    asked[0]!.answer();
    await settled();
    expect(asked).toHaveLength(2);
    expect(asked[1]!.known.revision).toBe(4);
    expect(asked[1]!.body.targets).toEqual([c, b, a]);
    expect(edits.targetsOf(saved[0]!), 'what is wanted stays in sight').toEqual([c, b, a]);
    asked[1]!.answer();
    await done;
    expect(saved.at(-1)!.targets).toEqual([c, b, a]);
  });
  it('that are refused are taken back, with those that waited behind them', async () => {
    const { asked, saved, refused, edits } = server();
    const done = edits.set(route, [b, a, c]);
    void edits.set(route, [c, b, a]);
    asked[0]!.answer(new Error('409'));
    await done;
    expect(asked).toHaveLength(1);
    expect(edits.targetsOf(route)).toEqual([a, b, c]);
    expect([saved, refused]).toEqual([[], ['fast']]);
    void edits.set(route, [b, a, c]);
    expect(asked, 'the next change is sent again').toHaveLength(2);
  });
  it('of one route do not wait for another', () => {
    const { asked, edits } = server();
    void edits.set(route, [b, a, c]);
    void edits.set({ ...route, name: 'slow' }, [c, a, b]);
    expect(asked.map(({ known }) => known.name)).toEqual(['fast', 'slow']);
  });
});
