// Which rows of a long list are in sight, and which stretch of it to ask for.

/** A stretch of rows. */
export interface Stretch {
  offset: number;
  limit: number;
}

/** The rows in sight, with `spare` rows before and after. */
export function visibleRows(scrollTop: number, height: number, row: number, total: number, spare = 8): Stretch {
  const first = Math.max(0, Math.min(total, Math.floor(scrollTop / row)) - spare);
  const last = Math.min(total, Math.ceil((scrollTop + height) / row) + spare);
  return { offset: first, limit: Math.max(0, last - first) };
}

/** The stretch to ask for so that the rows in sight are held with room on both sides, in steps of a quarter. */
export function stretchAround(seen: Stretch, size: number): Stretch {
  const step = Math.max(1, Math.floor(size / 4));
  const room = Math.max(0, Math.floor((size - seen.limit) / 2));
  return { offset: Math.max(0, Math.floor((seen.offset - room) / step) * step), limit: size };
}

/** Whether one stretch holds all of another. */
export function holds(outer: Stretch, inner: Stretch): boolean {
  return outer.offset <= inner.offset && inner.offset + inner.limit <= outer.offset + outer.limit;
}
