// Where labels go beside their marks so that none covers another.

/** A rectangle. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** A mark that wants a label. */
export interface Wanted {
  x: number;
  y: number;
  /** What it would say, the best first. */
  texts: readonly string[];
}

/** A label with its place; none where there is no room. */
export type Placed = { x: number; y: number; anchor: 'start' | 'end' | 'middle'; text: string } | null;

/** Mean width of a character and height of a line of the 11 px type. */
const CHAR_PX = 6.1;
const LINE_PX = 14;
/** Half the side of a mark with its room. */
const MARK_PX = 8;

const touches = (a: Box, b: Box): boolean => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
const within = (inner: Box, outer: Box): boolean =>
  inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top && inner.bottom <= outer.bottom;

/** Places labels in order: right above, right below, left above, left below, above, below; the first that is free. A
 * text that fits nowhere gives way to the shorter one after it. */
export function placeLabels(wanted: readonly Wanted[], frame: Box, taken: readonly Box[] = []): Placed[] {
  const busy: Box[] = [...taken, ...wanted.map(({ x, y }) => ({ left: x - MARK_PX, top: y - MARK_PX, right: x + MARK_PX, bottom: y + MARK_PX }))];
  return wanted.map(({ x, y, texts }) => {
    const places: { x: number; y: number; anchor: 'start' | 'end' | 'middle' }[] = [
      { x: x + 11, y: y - 6, anchor: 'start' },
      { x: x + 11, y: y + 16, anchor: 'start' },
      { x: x - 11, y: y - 6, anchor: 'end' },
      { x: x - 11, y: y + 16, anchor: 'end' },
      { x, y: y - 13, anchor: 'middle' },
      { x, y: y + 22, anchor: 'middle' },
    ];
    for (const text of texts) {
      const wide = text.length * CHAR_PX;
      for (const place of places) {
        const left = place.anchor === 'start' ? place.x : place.anchor === 'end' ? place.x - wide : place.x - wide / 2;
        const box = { left, right: left + wide, top: place.y - LINE_PX + 3, bottom: place.y + 3 };
        if (!within(box, frame) || busy.some((other) => touches(box, other))) continue;
        busy.push(box);
        return { ...place, text };
      }
    }
    return null;
  });
}
