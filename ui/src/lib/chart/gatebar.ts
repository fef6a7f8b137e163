// Geometry of a gate bar: where its axis begins and ends, and where a number lies on it.

import type { GateBar } from '../api';
import { rate } from '../text/format';

/** An axis. */
export interface GateAxis {
  from: number;
  to: number;
  /** Where a number lies, from 0 to 1, held to the ends. */
  place(value: number): number;
  /** A number as the axis writes it. */
  label(value: number): string;
  /** Whether target and floor are so near that their labels would touch. */
  tight: boolean;
}

/** Below this share of the width two labels touch. */
const LABEL_SHARE = 0.24;

/** The axis: floor and target with room around them, widened to hold value and bound, never beyond [0, 1] for a rate. */
export function gateAxis(bar: GateBar): GateAxis {
  const isRate = bar.target > 0;
  const floor = bar.floor ?? bar.target - Math.max(1 - bar.target, 0.05) * 2;
  const step = Math.max(bar.target - floor, 0.01);
  const numbers = [bar.value, bar.low, bar.high].filter((number): number is number => number !== null);
  let from = Math.min(floor - 2 * step, ...numbers);
  let to = Math.max(bar.target + step, ...numbers);
  if (isRate) {
    from = Math.max(0, from);
    to = Math.min(1, to);
  }
  const place = (value: number): number => Math.min(1, Math.max(0, (value - from) / (to - from)));
  const tight = bar.floor !== null && place(bar.target) - place(bar.floor) < LABEL_SHARE;
  const digits = step < 0.01 - 1e-9 ? 3 : 2;
  return { from, to, place, tight, label: (value) => rate(value, digits) };
}

/** The bar in words, for those who do not see it. */
export function gateWords(bar: GateBar): string {
  const words = [bar.value === null ? 'no value' : rate(bar.value, 3)];
  if (bar.low !== null && bar.high !== null) words.push(`bound ${rate(bar.low, 3)} to ${rate(bar.high, 3)}`);
  words.push(`target ${rate(bar.target)}`);
  if (bar.floor !== null) words.push(`floor ${rate(bar.floor)}`);
  return words.join(', ');
}
