// Geometry of the times of a release: old answers end, new ones begin, on an axis that is broken where nothing happens.

import type { ReleaseTimes } from '../api';
import { measured } from '../text/format';

/** Width of the picture and where its axis begins and ends. */
export const TIMES_SIZE = { width: 398, height: 104, left: 8, right: 390 };

/** The part of the axis before its break, and the longest rest that is not broken, as a share of all. */
const BREAK_AT = 0.66;
const UNBROKEN_SHARE = 0.35;

/** A time with its place. */
export interface TimeTick {
  name: string;
  text: string;
  x: number;
  above: boolean;
  anchor: 'start' | 'middle' | 'end';
}

/** A picture of the times. */
export interface TimesPicture {
  ticks: TimeTick[];
  /** Old answers: from t0 to the last old answer. */
  old: { x: number; width: number } | null;
  /** New answers: from the first new one to the verification. */
  fresh: { x: number; width: number } | null;
  /** Where the axis is broken. */
  gap: number | null;
  words: string;
}

/** The picture; none before anything was measured. */
export function timesPicture(times: ReleaseTimes): TimesPicture | null {
  const end = times.verified_us;
  if (end === null || end <= 0) return null;
  const { left, right } = TIMES_SIZE;
  const early = Math.max(times.acknowledged_us ?? 0, times.first_new_us ?? 0, times.last_old_us ?? 0);
  const broken = early > 0 && early < end * UNBROKEN_SHARE;
  const place = (us: number): number => {
    if (!broken) return left + (us / end) * (right - left);
    return us >= end ? right : left + (us / early) * (right - left) * (BREAK_AT - 0.08);
  };
  const named: [string, string, number | null][] = [
    ['t0', 'click', 0],
    ['t1', 'switched', times.acknowledged_us],
    ['t2', 'first new answer', times.first_new_us],
    ['t3', 'last old answer', times.last_old_us],
    ['t4', 'verified', end],
  ];
  const known = named.flatMap(([name, words, us]) => (us === null ? [] : [{ name, words, us }]));
  return {
    ticks: known.map(({ name, us }, index) => ({
      name, text: measured(us), x: place(us), above: name === 't0' || name === 't2' || name === 't4',
      anchor: index === 0 ? 'start' : us === end ? 'end' : 'middle',
    })),
    old: times.last_old_us === null ? null : { x: left, width: Math.max(2, place(times.last_old_us) - left) },
    fresh: times.first_new_us === null ? null : { x: place(times.first_new_us), width: right - place(times.first_new_us) },
    gap: broken ? left + (right - left) * BREAK_AT : null,
    words: known.slice(1).map(({ words, us }) => `${words} ${measured(us)}`).join(', '),
  };
}
