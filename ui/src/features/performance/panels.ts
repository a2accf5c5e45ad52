// The charts there may be, and which figures are their lines. A panel none of whose figures are kept is left out.
import type { Catalogue, Figure, Stat } from './figure';
import type { Unit } from './units';
import type { Word } from './words';

export interface Source {
  metric: string;
  stat: Stat;
  word?: Word; // what its line is called; without it, by its labels
}
export interface PanelKind {
  id: string;
  title: Word;
  unit: Unit;
  sources: readonly Source[];
}
export interface Group {
  id: string;
  title: Word;
  panels: readonly PanelKind[];
}
export interface Line {
  figure: string;
  name: string;
  tone?: number; // its colour and dashes; without it, as its place
}
export interface Panel {
  id: string;
  title: Word;
  unit: Unit;
  lines: readonly Line[];
}

// What of more can be told apart: five pigments, whole and dashed.
export const LINES_MAX = 10;

const value = (metric: string, word?: Word): Source => ({ metric, stat: 'value', ...(word && { word }) });
const rate = (metric: string, word?: Word): Source => ({ metric, stat: 'rate', ...(word && { word }) });
const p95 = (metric: string, word?: Word): Source => ({ metric, stat: 'p95', ...(word && { word }) });

export const GROUPS: readonly Group[] = [
  {
    id: 'connections', title: 'group.connections', panels: [
      { id: 'open', title: 'panel.open', unit: 'count', sources: [value('atelier_http_connections', 'line.connections'), value('atelier_http_streams', 'line.streams')] },
      { id: 'sent', title: 'panel.sent', unit: 'bytesPerSecond', sources: [rate('atelier_http_sent_bytes_total', 'line.sent')] },
      { id: 'refused', title: 'panel.refused', unit: 'perSecond', sources: [rate('atelier_http_refused_total')] },
    ],
  },
  {
    id: 'models', title: 'group.models', panels: [
      { id: 'firstToken', title: 'panel.firstToken', unit: 'seconds', sources: [{ metric: 'atelier_model_first_token_seconds', stat: 'p50', word: 'line.half' }, p95('atelier_model_first_token_seconds', 'line.most')] },
      { id: 'tokenRate', title: 'panel.tokenRate', unit: 'perSecond', sources: [{ metric: 'atelier_model_output_tokens_per_second', stat: 'p50', word: 'line.half' }] },
      { id: 'calls', title: 'panel.calls', unit: 'perSecond', sources: [rate('atelier_call_log_rows_total'), rate('atelier_chat_answers_total', 'line.answers')] },
      { id: 'upstream', title: 'panel.upstream', unit: 'count', sources: [value('atelier_upstream_connections')] },
      { id: 'upstreamRequests', title: 'panel.upstreamRequests', unit: 'perSecond', sources: [rate('atelier_upstream_requests_total'), rate('atelier_upstream_retries_total', 'line.retries')] },
      { id: 'answerCache', title: 'panel.answerCache', unit: 'perSecond', sources: [rate('atelier_answer_cache_lookups_total'), rate('atelier_calls_joined_total', 'line.joined')] },
      { id: 'limits', title: 'panel.limits', unit: 'perSecond', sources: [rate('atelier_limit_refusals_total')] },
    ],
  },
  {
    id: 'work', title: 'group.work', panels: [
      { id: 'runs', title: 'panel.runs', unit: 'count', sources: [value('atelier_graph_active_runs', 'line.active'), value('atelier_graph_stalled_runs', 'line.stalled')] },
      { id: 'ready', title: 'panel.ready', unit: 'count', sources: [value('atelier_graph_ready_steps')] },
      { id: 'running', title: 'panel.running', unit: 'count', sources: [value('atelier_graph_running_steps')] },
      { id: 'steps', title: 'panel.steps', unit: 'seconds', sources: [p95('atelier_graph_step_seconds')] },
      { id: 'ended', title: 'panel.ended', unit: 'perSecond', sources: [rate('atelier_graph_runs_total')] },
      { id: 'stepCache', title: 'panel.stepCache', unit: 'perSecond', sources: [rate('atelier_graph_cache_hits_total', 'line.hits'), rate('atelier_graph_cache_misses_total', 'line.misses')] },
      { id: 'workers', title: 'panel.workers', unit: 'count', sources: [value('atelier_media_workers_alive', 'line.alive')] },
      { id: 'workersLost', title: 'panel.workersLost', unit: 'perSecond', sources: [rate('atelier_media_workers_crashed_total', 'line.crashed'), rate('atelier_media_workers_killed_total', 'line.killed')] },
    ],
  },
  {
    id: 'database', title: 'group.database', panels: [
      { id: 'commits', title: 'panel.commits', unit: 'perSecond', sources: [rate('atelier_database_batches_total', 'line.writes'), rate('atelier_database_transactions_total', 'line.transactions')] },
      { id: 'queued', title: 'panel.queued', unit: 'count', sources: [value('atelier_database_queued_batches', 'line.queuedWrites'), value('atelier_call_log_queue_rows', 'line.queuedCalls'), value('atelier_search_waiting_messages', 'line.queuedSearch')] },
      { id: 'wal', title: 'panel.wal', unit: 'bytes', sources: [value('atelier_database_wal_bytes', 'line.wal')] },
      { id: 'blobs', title: 'panel.blobs', unit: 'bytes', sources: [value('atelier_blobs_original_bytes', 'line.original'), value('atelier_blobs_derived_bytes', 'line.derived')] },
    ],
  },
  {
    id: 'browsers', title: 'group.browsers', panels: [
      { id: 'lcp', title: 'panel.lcp', unit: 'seconds', sources: [p95('atelier_page_lcp_seconds')] },
      { id: 'inp', title: 'panel.inp', unit: 'seconds', sources: [p95('atelier_page_inp_seconds')] },
      { id: 'pageCalls', title: 'panel.pageCalls', unit: 'seconds', sources: [p95('atelier_page_api_call_seconds')] },
      { id: 'routeChanges', title: 'panel.routeChanges', unit: 'seconds', sources: [p95('atelier_page_route_change_seconds')] },
      { id: 'longTasks', title: 'panel.longTasks', unit: 'perSecond', sources: [rate('atelier_page_long_task_seconds')] },
      { id: 'heap', title: 'panel.heap', unit: 'bytes', sources: [p95('atelier_page_heap_bytes')] },
    ],
  },
  {
    id: 'process', title: 'group.process', panels: [
      { id: 'memory', title: 'panel.memory', unit: 'bytes', sources: [value('atelier_process_resident_bytes', 'line.resident'), value('atelier_graph_cached_results_bytes', 'line.cachedResults'), value('atelier_partial_pictures_bytes', 'line.partials')] },
      { id: 'cpu', title: 'panel.cpu', unit: 'cores', sources: [rate('atelier_process_cpu_seconds_total', 'line.cpu')] },
      { id: 'lag', title: 'panel.lag', unit: 'seconds', sources: [{ metric: 'atelier_loop_lag_seconds', stat: 'p99' }] },
      { id: 'stalls', title: 'panel.stalls', unit: 'perSecond', sources: [rate('atelier_loop_stalls_total')] },
      { id: 'descriptors', title: 'panel.descriptors', unit: 'count', sources: [value('atelier_process_descriptors', 'line.descriptors')] },
    ],
  },
];

// "200, GET": what tells a series from its siblings. A lone number says nothing without what it is of.
function nameOf({ labels, metric }: Figure): string {
  const told = [...labels].map(([label, text]) => (/^\d+$/.test(text) ? `${label} ${text}` : text.replaceAll('_', ' ')));
  return told.join(', ') || metric;
}

export function panelOf(kind: PanelKind, catalogue: Catalogue, word: (word: Word) => string): Panel | null {
  const lines = kind.sources.flatMap(({ metric, stat, word: named }) =>
    catalogue.of(metric, stat).map((figure) => ({ figure: figure.name, name: named ? word(named) : nameOf(figure) })));
  return lines.length > 0 ? { id: kind.id, title: kind.title, unit: kind.unit, lines: lines.slice(0, LINES_MAX) } : null;
}

export function groupsOf(catalogue: Catalogue, word: (word: Word) => string): { id: string; title: Word; panels: Panel[] }[] {
  return GROUPS.map(({ id, title, panels }) => ({ id, title, panels: panels.flatMap((kind) => panelOf(kind, catalogue, word) ?? []) })).filter(({ panels }) => panels.length > 0);
}
