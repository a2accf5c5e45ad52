import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../../src/styles/tokens.css', import.meta.url), 'utf8');
type Theme = 'light' | 'dark';
type Oklch = readonly [lightness: number, chroma: number, hue: number];

const parse = (text: string): Oklch => {
  const [lightness, chroma, hue] = text.trim().split(/\s+/);
  return [parseFloat(lightness!) / 100, Number(chroma), Number(hue)];
};
const tokens = new Map(
  [...css.matchAll(/--([\w-]+):\s*light-dark\(oklch\(([^)]*)\),\s*oklch\(([^)]*)\)\)/g)].map(([, name, light, dark]) => [name!, { light: parse(light!), dark: parse(dark!) }]),
);

// OKLCH to linear sRGB (Björn Ottosson's matrices), clipped as a screen would.
function linear([lightness, chroma, hue]: Oklch): number[] {
  const angle = (hue * Math.PI) / 180;
  const [a, b] = [chroma * Math.cos(angle), chroma * Math.sin(angle)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s, -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s, -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s].map((value) =>
    Math.min(1, Math.max(0, value)),
  );
}
const luminance = (color: Oklch): number => {
  const [red, green, blue] = linear(color);
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
};
function contrast(first: string, second: string, theme: Theme): number {
  const [a, b] = [first, second].map((name) => luminance(tokens.get(name)![theme]) + 0.05);
  return Math.max(a!, b!) / Math.min(a!, b!);
}

const grounds = ['paper', 'raise', 'sink'];
const texts = ['ink', 'ink-2', 'ink-3', 'link', 'ok', 'warn', 'bad', 'm-text', 'm-image', 'm-audio', 'm-video', 'm-json'];
const edges = ['edge', 'ring', 'm-text', 'm-image', 'm-audio', 'm-video', 'm-json'];

describe.each<Theme>(['light', 'dark'])('%s theme', (theme) => {
  it.each(texts)('%s can be read on every ground', (name) => {
    for (const ground of grounds) expect(contrast(name, ground, theme), `${name} on ${ground}`).toBeGreaterThanOrEqual(4.5);
  });
  it.each(edges)('%s can be seen on every ground', (name) => {
    for (const ground of grounds) expect(contrast(name, ground, theme), `${name} on ${ground}`).toBeGreaterThanOrEqual(3);
  });
  it('the primary button can be read', () => {
    expect(contrast('paper', 'ink', theme)).toBeGreaterThanOrEqual(4.5);
  });
});
