// Geometry of the times of a release: old answers end, new ones begin, on an axis that is broken where nothing happens.

import type { ReleaseTimes } from '../api';
import { measured } from '../text/format';

/** Size of the picture; where its axis begins and ends; where the bars of old and new answers lie. */
export const TIMES_SIZE = { width: 398, height: 96, left: 8, right: 390, old: 26, fresh: 48, bar: 16 };

/** The longest rest that is not broken, as a share of all. */
const UNBROKEN_SHARE = 0.35;
/** The part of the axis before its break, and the width of the break. */
const BREAK_AT = 0.72;
const BREAK_PX = 9;
/** Mean width of a character of the 11 px type, and the room around a label. */
const CHAR_PX = 6.4;
const ROOM_PX = 8;
/** Pixels below which the labels of two times touch. */
const LABEL_PX = 18;

/** A time with its place. */
export interface TimeTick {
  /** `t0` to `t4`; empty where there is no room for it. */
  name: string;
  x: number;
  /** Whether its label stands above the bars. */
  above: boolean;
  anchor: 'start' | 'middle' | 'end';
}

/** A bar with its label, where there is room for one. */
export interface TimesBar {
  x: number;
  width: number;
  label: { x: number; text: string } | null;
}

/** A picture of the times. */
export interface TimesPicture {
  ticks: TimeTick[];
  /** Old answers: from t0 to the last old answer. */
  old: TimesBar | null;
  /** New answers: from the first new one to the verification. */
  fresh: TimesBar | null;
  /** Where the axis is broken. */
  gap: { x: number; width: number } | null;
  words: string;
}

/** What is measured, in the order in which it is named. */
export const TIMES = [
  ['t1', 'switched', 'acknowledged_us'],
  ['t2', 'first new answer', 'first_new_us'],
  ['t3', 'last old answer', 'last_old_us'],
  ['t4', 'verified', 'verified_us'],
] as const;

/** The picture; none before anything was measured. */
export function timesPicture(times: ReleaseTimes): TimesPicture | null {
  const end = times.verified_us;
  if (end === null || end <= 0) return null;
  const { left, right } = TIMES_SIZE;
  const early = Math.max(times.acknowledged_us ?? 0, times.first_new_us ?? 0, times.last_old_us ?? 0);
  const broken = early > 0 && early < end * UNBROKEN_SHARE;
  const gap = broken ? { x: left + (right - left) * BREAK_AT, width: BREAK_PX } : null;
  const place = (us: number): number => {
    if (gap === null) return left + (us / end) * (right - left);
    return us >= end ? right : left + (us / early) * (gap.x - left - 24);
  };
  const known = TIMES.flatMap(([name, words, field]) => {
    const us = times[field];
    return us === null ? [] : [{ name, words, us }];
  });
  const bar = (from: number, to: number, text: string): TimesBar => {
    const width = Math.max(2, to - from);
    return { x: from, width, label: labelIn(from, from + width, gap, text) };
  };
  return {
    ticks: ticks([{ name: 't0', x: left }, ...known.map(({ name, us }) => ({ name, x: place(us) }))]),
    old: times.last_old_us === null ? null : bar(left, place(times.last_old_us), 'old answers'),
    fresh: times.first_new_us === null ? null : bar(place(times.first_new_us), right, 'new answers'),
    gap,
    words: known.map(({ words, us }) => `${words} ${measured(us)}`).join(', '),
  };
}

/** A label within a bar: before the break where it fits, else behind it, else nowhere. */
function labelIn(from: number, to: number, gap: TimesPicture['gap'], text: string): TimesBar['label'] {
  const wide = text.length * CHAR_PX + 2 * ROOM_PX;
  const cut = gap !== null && gap.x < to && gap.x + gap.width > from ? gap : null;
  const stretches: [number, number][] = cut === null ? [[from, to]] : [[from, cut.x], [cut.x + cut.width, to]];
  const free = stretches.find(([start, end]) => end - start >= wide);
  return free === undefined ? null : { x: free[0] + ROOM_PX, text };
}

/** Labels stand above and below in turn, so that neighbours do not meet; where both sides are taken, nowhere. */
function ticks(at: readonly { name: string; x: number }[]): TimeTick[] {
  const sorted = at.toSorted((a, b) => a.x - b.x || a.name.localeCompare(b.name));
  const { left, right } = TIMES_SIZE;
  const last = { above: -Infinity, below: -Infinity };
  let above = false;
  return sorted.map(({ name, x }) => {
    const free = (side: 'above' | 'below'): boolean => x - last[side] >= LABEL_PX;
    above = !above;
    if (!free(above ? 'above' : 'below')) above = !above;
    const side = above ? 'above' : 'below';
    const shown = free(side);
    if (shown) last[side] = x;
    return { name: shown ? name : '', x, above, anchor: x < left + ROOM_PX ? 'start' : x > right - ROOM_PX ? 'end' : 'middle' };
  });
}
