import { describe, expect, it } from 'vitest';
import { ChatServer } from '../../../tests/fixtures/chat-server';
import type { Message, ThreadPage } from '../api/chat-types';
import { MemoryTable } from './table';
import { KeptThreads, type KeptRow } from './threads';

function house() {
  const server = new ChatServer();
  let now = 0;
  const table = new MemoryTable<KeptRow>('id');
  const threads = new KeptThreads(table, () => (now += 1));
  const pageOf = (sizes: readonly number[], state: Message['state'] = 'complete'): ThreadPage => {
    const { id } = server.create();
    for (const size of sizes) server.add(id, { parts: [{ type: 'text', text: 'x'.repeat(size) }], state });
    return { thread: server.kept.get(id)!.thread, messages: server.branch(id), shape: { parents: sizes.map((_, at) => at), roles: sizes.map(() => 'u').join('') } };
  };
  const keep = async (page: ThreadPage): Promise<string> => {
    threads.keep(page.thread.id, () => page);
    await threads.flush();
    return page.thread.id;
  };
  return { table, threads, pageOf, keep, server };
}

describe('KeptThreads', () => {
  it('keeps the last messages of a thread, no more than fit', async () => {
    const { threads, pageOf, keep } = house();
    const long = await keep(pageOf(Array.from({ length: 40 }, () => 10)));
    expect((await threads.read(long))!.page.messages.map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, at) => at + 11));
    const large = await keep(pageOf([400_000, 400_000, 400_000]));
    expect((await threads.read(large))!.page.messages.map(({ number }) => number)).toEqual([2, 3]);
    const huge = await keep(pageOf([2 << 20]));
    expect((await threads.read(huge))!.page.messages).toEqual([]);
  });
  it('keeps thirty threads and twelve megabytes, those of late, and the list', async () => {
    const { table, threads, pageOf, keep } = house();
    threads.keepList(() => [pageOf([1]).thread]);
    const ids: string[] = [];
    for (let at = 0; at < 35; at += 1) ids.push(await keep(pageOf([10])));
    expect((await table.all()).map(({ id }) => id).sort()).toEqual([' list', ...ids.slice(5)].sort());
    for (let at = 0; at < 15; at += 1) ids.push(await keep(pageOf([900_000])));
    const rows = await table.all();
    expect(rows.reduce((sum, row) => sum + row.bytes, 0)).toBeLessThanOrEqual(12 << 20);
    expect(rows.map(({ id }) => id)).toContain(ids.at(-1));
    expect((await threads.readList())?.items).toHaveLength(1);
  });
  it('does not say of an answer that it is being made', async () => {
    const { threads, pageOf, keep } = house();
    const id = await keep(pageOf([3], 'answering'));
    expect((await threads.read(id))!.page.messages[0]!.state).toBe('stopped');
  });
  it('is empty once it is cleared, also of what was about to be written', async () => {
    const { table, threads, pageOf, keep } = house();
    await keep(pageOf([3]));
    threads.keep('late', () => pageOf([3]));
    await threads.clear();
    await threads.flush();
    expect(await table.all()).toEqual([]);
  });
});
