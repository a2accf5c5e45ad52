// Money as the server tells it: decimal text of dollars, to a picodollar. Never a JavaScript number, which would round it.
import { locale } from '../i18n/messages';

const DIGITS = 12;
const PATTERN = /^(-?)(\d+)(?:\.(\d{1,12}))?$/;
const CENT = 10n ** BigInt(DIGITS - 2);
const SHOWN_DIGITS = 3;

// In picodollars; null for what is no amount.
export function parseMoney(text: string): bigint | null {
  const match = PATTERN.exec(text);
  if (!match) return null;
  const [, sign, whole = '0', part = ''] = match;
  const amount = BigInt(whole + part.padEnd(DIGITS, '0'));
  return sign ? -amount : amount;
}

// All of its digits, at least two after the point: "1234.5" is "$1,234.50".
export function formatMoney(amount: string | bigint): string {
  const pico = typeof amount === 'bigint' ? amount : parseMoney(amount);
  if (pico === null) return String(amount);
  const digits = String(pico < 0n ? -pico : pico).padStart(DIGITS + 1, '0');
  const whole = new Intl.NumberFormat(locale).format(BigInt(digits.slice(0, -DIGITS)));
  const part = digits.slice(-DIGITS).replace(/0+$/, '').padEnd(2, '0');
  return `${pico < 0n ? '-' : ''}$${whole}.${part}`;
}

// For tables: from a dollar on to the cent, below it to three digits that count, halves away from zero.
export function formatMoneyShort(amount: string | bigint): string {
  const pico = typeof amount === 'bigint' ? amount : parseMoney(amount);
  if (pico === null) return String(amount);
  const size = pico < 0n ? -pico : pico;
  const tooFine = Math.max(0, String(size).length - SHOWN_DIGITS);
  const step = size >= 10n ** BigInt(DIGITS) ? CENT : 10n ** BigInt(Math.min(tooFine, DIGITS - 2));
  const rounded = ((size + step / 2n) / step) * step;
  return formatMoney(pico < 0n ? -rounded : rounded);
}

export const sumMoney = (amounts: readonly string[]): bigint => amounts.reduce((sum, amount) => sum + (parseMoney(amount) ?? 0n), 0n);

// How much of `whole` a `part` is, from 0 to 1: for the length of a bar.
export const shareOf = (part: bigint, whole: bigint): number => (whole > 0n && part > 0n ? Number((part * 10_000n) / whole) / 10_000 : 0);

// What a person typed as an amount: "$1,234.5" as the server wants it; '' for nothing typed; null for what is no amount.
export function readMoney(typed: string): string | null {
  const text = typed.trim().replace(/^\$\s*/, '');
  if (text === '') return '';
  const plain = /^\d{1,3}(,\d{3})+(\.\d+)?$/.test(text) ? text.replaceAll(',', '') : text;
  const amount = parseMoney(plain);
  return amount !== null && amount >= 0n ? plain : null;
}
