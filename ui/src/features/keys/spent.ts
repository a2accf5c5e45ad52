// What keys have spent of their allowances, whose days and months are UTC's. Plain, so that it is tested without a browser.
import type { UsageRow } from '$lib/api/gateway-types';
import { parseMoney, shareOf } from '$lib/gateway/money';

export type SpentOfKeys = ReadonlyMap<string, bigint>; // in picodollars, by the key's id
export interface Spent {
  day: SpentOfKeys;
  month: SpentOfKeys;
}

// The first days of what the allowances count.
export function beginsOf(now: number): { day: string; month: string } {
  const day = new Date(now).toISOString().slice(0, 10);
  return { day, month: `${day.slice(0, 7)}-01` };
}

export function spentOf(rows: readonly UsageRow[]): SpentOfKeys {
  const spent = new Map<string, bigint>();
  for (const { key, cost } of rows) if (key !== null) spent.set(key, (spent.get(key) ?? 0n) + (parseMoney(cost) ?? 0n));
  return spent;
}

export interface Allowance {
  used: bigint | null; // null while unknown
  share: number; // 0 to 1, and 1 of an allowance of nothing
}
export function allowanceOf(spent: SpentOfKeys | undefined, key: string, allowance: string): Allowance {
  if (!spent) return { used: null, share: 0 };
  const used = spent.get(key) ?? 0n;
  const whole = parseMoney(allowance) ?? 0n;
  return { used, share: whole > 0n ? Math.min(1, shareOf(used, whole)) : 1 };
}
