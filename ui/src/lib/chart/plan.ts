// Geometry of the plan's picture: how many calls it takes to know, over the true rate.

import { scaleLinear } from 'd3-scale';
import { curveMonotoneX, line } from 'd3-shape';

import type { CurvePoint, PlannedCriterion } from '../api';

/** Size and margins of the picture. */
export const PLAN_SIZE = { width: 320, height: 152, left: 42, right: 8, top: 20, bottom: 36 };

/** A picture of a plan. */
export interface PlanPicture {
  curve: string;
  target: number;
  floor: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
  /** What the gate says of a version in each zone, above it. */
  zones: { text: 'fails' | 'either' | 'passes'; at: number; anchor: 'start' | 'middle' | 'end' }[];
  /** Whether floor and target are so near that their labels stand on either side of them. */
  tight: boolean;
  /** Ticks of the true rate, without those that would touch target or floor. */
  rates: { at: number; rate: number }[];
  /** Ticks of calls: the most on average, and the most at all. */
  calls: { at: number; calls: number }[];
}

/** Pixels below which two labels touch. */
const LABEL_PX = 30;
/** How many times its mean a plan may ask before the axis ends above the mean instead, with how much room. */
const FLAT_FACTOR = 4;
const HEADROOM = 1.15;
/** Widths of the zones' names, with the room between them. */
const FAILS_PX = 34;
const EITHER_PX = 38;
const PASSES_PX = 50;

/** The picture of a criterion with a curve; none without. */
export function planPicture(criterion: PlannedCriterion, most: number): PlanPicture | null {
  const { target, floor, curve } = criterion;
  if (target === null || floor === null || curve.length < 2) return null;
  const { width, height, left, right, top, bottom } = PLAN_SIZE;
  const rates = curve.map((point) => point.rate);
  const x = scaleLinear([Math.min(...rates), Math.max(...rates)], [left, width - right]);
  const peak = Math.max(...curve.map((point) => point.calls));
  // A plan that may ask far more than it does on average keeps its shape: the most at all stands in the table.
  const highest = most > peak * FLAT_FACTOR ? peak * HEADROOM : Math.max(most, peak, 1);
  const y = scaleLinear([0, highest], [height - bottom, top]);
  const path = line<CurvePoint>((point) => x(point.rate), (point) => y(point.calls)).curve(curveMonotoneX)(curve);
  const tight = x(target) - x(floor) < LABEL_PX;
  const [low, high] = tight ? [x(floor) - LABEL_PX / 2, x(target) + LABEL_PX / 2] : [x(floor), x(target)];
  const free = (at: number): boolean => Math.abs(at - low) >= LABEL_PX && Math.abs(at - high) >= LABEL_PX;
  // Between its neighbours, however narrow its zone is.
  const either = clamp((x(floor) + x(target)) / 2, left + FAILS_PX + EITHER_PX / 2, width - right - PASSES_PX - EITHER_PX / 2);
  return {
    curve: path ?? '',
    target: x(target),
    floor: x(floor),
    left,
    right: width - right,
    top,
    bottom: height - bottom,
    tight,
    zones: [{ text: 'fails', at: left, anchor: 'start' }, { text: 'either', at: either, anchor: 'middle' }, { text: 'passes', at: width - right, anchor: 'end' }],
    rates: x.ticks(5).map((rate) => ({ at: x(rate), rate })).filter((tick) => free(tick.at)),
    calls: [...(most <= highest ? [most] : []), Math.round(peak), 0]
      .map((calls) => ({ at: y(calls), calls }))
      .filter((tick, index, all) => index === 0 || Math.abs(tick.at - (all[index - 1]?.at ?? 0)) > 12),
  };
}

const clamp = (value: number, from: number, to: number): number => Math.min(to, Math.max(from, value));
