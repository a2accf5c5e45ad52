// Where what is in a grid of equal tiles: plain arithmetic, so that it is tested without a browser.

export interface Grid {
  columns: number;
  tilePx: number;
  rowPx: number; // with the gap under it
  gapPx: number;
  count: number; // of tiles
  rowCount: number;
}
export interface Span {
  first: number;
  end: number; // the first that is not in it
}

const CAPTION_PX = 26;
const TILE_MIN_PX = 152, SMALL_TILE_MIN_PX = 104;
const GAP_PX = 12, SMALL_GAP_PX = 6;
const SMALL_PX = 560;

export function gridOf(widthPx: number, count: number): Grid {
  const isSmall = widthPx < SMALL_PX;
  const gapPx = isSmall ? SMALL_GAP_PX : GAP_PX;
  const columns = Math.max(1, Math.floor((widthPx + gapPx) / ((isSmall ? SMALL_TILE_MIN_PX : TILE_MIN_PX) + gapPx)));
  const tilePx = Math.max(0, Math.floor((widthPx - gapPx * (columns - 1)) / columns));
  return { columns, tilePx, gapPx, rowPx: tilePx + CAPTION_PX + gapPx, count, rowCount: Math.ceil(count / columns) };
}

// The rows that are drawn: those in view, and some beside them.
export function rowsInView({ rowPx, rowCount }: Grid, top: number, viewPx: number, beside = 0): Span {
  const first = Math.max(0, Math.min(rowCount, Math.floor(top / rowPx)) - beside);
  return { first, end: Math.max(first, Math.min(rowCount, Math.ceil((top + viewPx) / rowPx) + beside)) };
}
export const tilesOf = ({ columns, count }: Grid, rows: Span): Span => ({ first: Math.min(count, rows.first * columns), end: Math.min(count, rows.end * columns) });

// Where a key leads from the tile at `at`; null: it is no key of the grid's.
export function moved({ columns, count, rowPx }: Grid, at: number, key: string, viewPx: number, isFar: boolean): number | null {
  const last = count - 1;
  const page = Math.max(1, Math.floor(viewPx / rowPx)) * columns;
  const to = (() => {
    if (key === 'ArrowRight') return at + 1;
    if (key === 'ArrowLeft') return at - 1;
    // Down from above the last row, where there is none below in the column, is the last.
    if (key === 'ArrowDown') return at + columns <= last ? at + columns : Math.floor(at / columns) < Math.floor(last / columns) ? last : at;
    if (key === 'ArrowUp') return at >= columns ? at - columns : at;
    if (key === 'PageDown') return at + page;
    if (key === 'PageUp') return at - page < 0 ? at % columns : at - page;
    if (key === 'Home') return isFar ? 0 : at - (at % columns);
    if (key === 'End') return isFar ? last : at - (at % columns) + columns - 1;
    return null;
  })();
  return to === null ? null : Math.max(0, Math.min(last, to));
}

// Where the view has to be for the tile to be in it whole: where it is, if it is.
export function topToShow({ columns, rowPx, gapPx }: Grid, index: number, top: number, viewPx: number): number {
  const above = Math.floor(index / columns) * rowPx;
  const below = above + rowPx - gapPx;
  if (above < top || rowPx > viewPx) return above;
  return below > top + viewPx ? below - viewPx : top;
}

// Tiles that a box from one corner to the other touches.
export function tilesInBox({ columns, tilePx, gapPx, rowPx, count }: Grid, box: { left: number; top: number; right: number; bottom: number }): number[] {
  const found: number[] = [];
  const wide = tilePx + gapPx;
  for (let row = Math.max(0, Math.floor((box.top + gapPx) / rowPx)); row * rowPx <= box.bottom; row += 1)
    for (let column = Math.max(0, Math.floor((box.left + gapPx) / wide)); column < columns && column * wide <= box.right; column += 1) {
      const index = row * columns + column;
      if (index >= count) return found;
      found.push(index);
    }
  return found;
}

// What is to be asked for, in slices that begin at a multiple of `size`, so that something is in each place of `wanted`.
export function slicesFor(wanted: Span, has: (index: number) => boolean, size: number): number[] {
  const slices: number[] = [];
  for (let slice = Math.floor(wanted.first / size); slice * size < wanted.end; slice += 1)
    for (let index = Math.max(wanted.first, slice * size); index < Math.min(wanted.end, (slice + 1) * size); index += 1)
      if (!has(index)) {
        slices.push(slice);
        break;
      }
  return slices;
}
