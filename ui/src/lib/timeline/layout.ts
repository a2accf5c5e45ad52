// Where scenes lie in time.

export interface Block {
  id: string;
  startMs: number;
  durationMs: number;
}

export function layOut(scenes: readonly { id: string; durationMs: number }[]): Block[] {
  let at = 0;
  return scenes.map(({ id, durationMs }) => {
    const block = { id, startMs: at, durationMs };
    at += durationMs;
    return block;
  });
}

export function totalMs(blocks: readonly Block[]): number {
  const last = blocks[blocks.length - 1];
  return last ? last.startMs + last.durationMs : 0;
}

export function blockAt(blocks: readonly Block[], ms: number): number {
  for (let index = blocks.length - 1; index >= 0; index -= 1) if (ms >= blocks[index]!.startMs) return index;
  return 0;
}
