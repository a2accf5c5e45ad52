// What stands in the forms of a provider and a route, and what of it is sent. Plain, so that it is tested without a browser.
import type { ModelRoute, Provider, ProviderChange, RouteDefinition, RouteTarget, Strategy } from '$lib/api/gateway-types';

export interface ProviderDraft {
  name: string;
  preset: string;
  address: string;
  key: string;
  forgetsKey: boolean;
  variable: string;
  prefixes: string;
  headers: string;
  firstByteSeconds: string;
  stallSeconds: string;
  isEnabled: boolean;
  isFree: boolean;
  skipsTls: boolean;
}

const secondsOf = (ms: number | undefined): string => (ms ? String(ms / 1000) : '');
const msOf = (seconds: string): number | undefined => (seconds.trim() === '' ? undefined : Math.round(Number(seconds) * 1000));
export const listOf = (text: string): string[] => text.split(/[,\n]/).map((one) => one.trim()).filter(Boolean);

export function draftOfProvider(known: Provider | null, preset: string): ProviderDraft {
  return {
    name: known?.name ?? '',
    preset: known?.preset ?? preset,
    address: known?.base_url ?? '',
    key: '',
    forgetsKey: false,
    variable: known?.key_variable ?? '',
    prefixes: known?.model_prefixes.join(', ') ?? '',
    headers: '',
    firstByteSeconds: secondsOf(known?.first_byte_timeout_ms),
    stallSeconds: secondsOf(known?.stall_timeout_ms),
    isEnabled: known?.is_enabled ?? true,
    isFree: known?.is_free ?? false,
    skipsTls: known?.skips_tls_checks ?? false,
  };
}

// "x-team: studio", one on a line. The number of the first line that is none, from 1, where there is one.
export function readHeaders(text: string): { headers: Record<string, string>; wrongLine: number } {
  const headers: Record<string, string> = {};
  let wrongLine = 0;
  text.split('\n').forEach((line, at) => {
    if (line.trim() === '') return;
    const match = /^\s*([^\s:]+)\s*:\s*(.*?)\s*$/.exec(line);
    if (match) headers[match[1]!.toLowerCase()] = match[2]!;
    else wrongLine ||= at + 1;
  });
  return { headers, wrongLine };
}

// A key and headers that were not typed are left out, so that they stay as they were.
export function changeOf(draft: ProviderDraft): ProviderChange {
  const { headers } = readHeaders(draft.headers);
  const firstByte = msOf(draft.firstByteSeconds);
  const stall = msOf(draft.stallSeconds);
  const key = draft.key.trim();
  return {
    preset: draft.preset,
    base_url: draft.address.trim(),
    key_variable: draft.variable.trim(),
    model_prefixes: listOf(draft.prefixes),
    is_enabled: draft.isEnabled,
    is_free: draft.isFree,
    skips_tls_checks: draft.skipsTls,
    ...(firstByte === undefined ? {} : { first_byte_timeout_ms: firstByte }),
    ...(stall === undefined ? {} : { stall_timeout_ms: stall }),
    ...(key !== '' ? { key } : draft.forgetsKey ? { key: '' } : {}),
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
  };
}

export interface TargetDraft {
  id: number; // of the row, so that moving it keeps what is typed
  name: string; // provider/model
  weight: string;
}
export interface RouteDraft {
  name: string;
  strategy: Strategy;
  targets: TargetDraft[];
  hedges: boolean;
  sharesEqual: boolean;
  cacheSeconds: string;
}

export const nameOfTarget = (target: RouteTarget): string => `${target.provider}/${target.model}`;

// A model's own name may have slashes: the provider ends at the first.
export function targetOf(name: string): RouteTarget | null {
  const slash = name.trim().indexOf('/');
  const provider = name.trim().slice(0, Math.max(0, slash));
  const model = name.trim().slice(slash + 1);
  return provider !== '' && model !== '' ? { provider, model } : null;
}

export function draftOfRoute(known: ModelRoute | null): RouteDraft {
  const targets = known?.targets.map((target, id) => ({ id, name: nameOfTarget(target), weight: String(target.weight ?? 1) }));
  return { name: known?.name ?? '', strategy: known?.strategy ?? 'ordered', targets: targets ?? [{ id: 0, name: '', weight: '1' }], hedges: known?.hedges ?? false, sharesEqual: known?.shares_equal ?? false, cacheSeconds: String(known?.cache_life_s ?? 0) };
}

// Null where a candidate is not yet one.
export function routeOf(draft: RouteDraft): RouteDefinition | null {
  const targets = draft.targets.map(({ name, weight }) => {
    const target = targetOf(name);
    if (!target) return null;
    const heavy = Number(weight);
    return draft.strategy === 'weighted' && Number.isFinite(heavy) ? { ...target, weight: heavy } : target;
  });
  if (targets.length === 0 || targets.some((target) => target === null)) return null;
  return {
    strategy: draft.strategy,
    targets: targets as RouteTarget[],
    cache_life_s: Math.max(0, Math.round(Number(draft.cacheSeconds) || 0)),
    hedges: draft.hedges,
    shares_equal: draft.sharesEqual,
  };
}
