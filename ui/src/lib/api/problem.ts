// What went wrong, as RFC 9457 tells it, or as the page itself found it.

export interface ProblemDocument {
  status: number;
  code: string;
  title: string;
  detail: string;
  where: string;
  request_id: string;
  retry_after: number | null;
}

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly where: string;
  readonly requestId: string;
  readonly retryAfter: number | null; // seconds

  constructor(document: Partial<ProblemDocument>) {
    super(document.detail || document.title || document.code || 'problem');
    this.status = document.status ?? 0;
    this.code = document.code ?? 'unexpected';
    this.title = document.title ?? '';
    this.detail = document.detail ?? '';
    this.where = document.where ?? '';
    this.requestId = document.request_id ?? '';
    this.retryAfter = document.retry_after ?? null;
  }

  get isConflict(): boolean {
    return this.status === 412 || this.status === 409;
  }
  // Nothing answered: trying again later may help, and nothing was refused.
  get isOffline(): boolean {
    return this.code === 'offline';
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export function parseProblem(status: number, statusText: string, body: string, retryAfter: string | null): Problem {
  let fields: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(body);
    if (parsed !== null && typeof parsed === 'object') fields = parsed as Record<string, unknown>;
  } catch {
    // Not ours: a proxy's page. The status says what there is to say.
  }
  const seconds = Number(fields['retry_after'] ?? retryAfter ?? NaN);
  return new Problem({
    status,
    code: text(fields['code']) ?? `http_${status}`,
    title: text(fields['title']) ?? (statusText || `HTTP ${status}`),
    detail: text(fields['detail']) ?? '',
    where: text(fields['where']) ?? '',
    request_id: text(fields['request_id']) ?? '',
    retry_after: Number.isFinite(seconds) ? seconds : null,
  });
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError) return new Problem({ code: 'offline', title: 'The server cannot be reached' });
  return new Problem({ code: 'unexpected', title: 'Something unexpected happened', detail: String(error) });
}

// Whether a write may be sent again later: nobody said no to it.
export function isUnheard(error: unknown): boolean {
  const { status } = asProblem(error);
  return status === 0 || status === 408 || status >= 500;
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';

// "/scenes/2/text" -> 2; "line:column" gives none. Which scene a refused field belongs to.
export function sceneOfWhere(where: string): number | null {
  const match = /^\/scenes\/(\d+)(\/|$)/.exec(where);
  return match ? Number(match[1]) : null;
}

// "12:7" -> { line: 12, column: 7 }. Where in the story the server stopped understanding.
export function lineOfWhere(where: string): { line: number; column: number } | null {
  const match = /^(\d+):(\d+)$/.exec(where);
  return match ? { line: Number(match[1]), column: Number(match[2]) } : null;
}
