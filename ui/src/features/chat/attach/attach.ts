// What a file is that somebody attaches, and how it gets ready: text is read here, pictures and PDFs are made ready by the server.
import type { Studio } from '$lib/state/studio.svelte';
import { asProblem } from '$lib/api/problem';
import { formatBytes } from '$lib/i18n/format';
import type { Attached } from '../composer.svelte';
import { t } from './words';

export const TEXT_BYTES_MAX = 4 * 1024 * 1024; // of one part of a message, with the file's name
const TEXT_TYPES = /^text\/|^image\/svg|^application\/(json|xml|yaml|toml|javascript|typescript|x-sh|sql)\b|\+(json|xml)$/;
const OTHER_TYPES = /^(video|audio|font)\/|^application\/(zip|gzip|x-7z|x-tar|vnd\.|msword)/;
const PICTURES = /\.(jpe?g|png|webp|gif|tiff?|heic|heif|avif)$/i;

export type Told = Partial<Omit<Attached, 'key'>>;
type Api = Pick<Studio['api'], 'uploadAsset'>;

export const kindOf = ({ name, type }: { name: string; type: string }): 'picture' | 'pdf' | 'text' | 'other' => {
  if (type === 'application/pdf' || (type === '' && /\.pdf$/i.test(name))) return 'pdf';
  if (TEXT_TYPES.test(type)) return 'text';
  if (type.startsWith('image/') || (type === '' && PICTURES.test(name))) return 'picture';
  return OTHER_TYPES.test(type) ? 'other' : 'text';
};

// Null: it is no text, or in an encoding that cannot be told.
export function decoded(bytes: Uint8Array): string | null {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}
export const isTooLong = (text: string): boolean => text.length > TEXT_BYTES_MAX || (text.length > TEXT_BYTES_MAX / 3 && new TextEncoder().encode(text).length > TEXT_BYTES_MAX);
export const tooLarge = (): Told => ({ state: 'refused', why: t('tooLarge', { size: formatBytes(TEXT_BYTES_MAX) }) });

async function readText(file: File): Promise<Told> {
  const refused = (why: string): Told => ({ state: 'refused', why });
  if (kindOf(file) === 'other') return refused(t('notTaken'));
  if (file.size === 0) return refused(t('empty'));
  if (file.size > 2 * TEXT_BYTES_MAX + 2) return tooLarge();
  const text = decoded(new Uint8Array(await file.arrayBuffer()));
  if (text === null) return refused(TEXT_TYPES.test(file.type) ? t('notText') : t('notTaken'));
  return isTooLong(`${file.name}\n\n${text}`) ? tooLarge() : { state: undefined, text };
}

// Tells step by step how far it is; the last step is ready, or refused and why.
export async function attach(file: File, api: Api, tell: (told: Told) => void, signal: AbortSignal): Promise<void> {
  try {
    const kind = kindOf(file);
    if (kind === 'text' || kind === 'other') return tell(await readText(file));
    const onProgress = (sent: number, total: number): void => tell(sent >= total ? { state: 'preparing' } : { fraction: sent / total });
    const asset = await api.uploadAsset(file, { signal, onProgress });
    const { prepared } = asset;
    const size = (width?: number | null, height?: number | null): string => (width && height ? `${width}×${height}` : '');
    tell({
      state: undefined,
      asset: asset.id,
      ...(asset.kind === 'document' ? { type: asset.media_type } : {}),
      ...(prepared?.page_count ? { pages: prepared.page_count } : {}),
      from: size(asset.width, asset.height),
      as: size(prepared?.width, prepared?.height),
    });
  } catch (error) {
    const problem = asProblem(error);
    // What is wrong with the file stays wrong.
    const again = problem.status === 0 || problem.status === 401 || problem.status === 429 || problem.status >= 500;
    if (!signal.aborted) tell({ state: 'refused', why: problem.message, again });
  }
}
