// Geometry of the plan's picture: how many calls it takes to know, over the true rate.

import { scaleLinear } from 'd3-scale';
import { curveMonotoneX, line } from 'd3-shape';

import type { CurvePoint, PlannedCriterion } from '../api';

/** Size and margins of the picture. */
export const PLAN_SIZE = { width: 320, height: 148, left: 34, right: 8, top: 16, bottom: 36 };

/** A picture of a plan. */
export interface PlanPicture {
  curve: string;
  target: number;
  floor: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
  /** Ticks of the true rate, without those that would touch target or floor. */
  rates: { at: number; rate: number }[];
  /** Ticks of calls: the most on average, and the most at all. */
  calls: { at: number; calls: number }[];
}

/** Pixels below which two labels touch. */
const LABEL_PX = 30;

/** The picture of a criterion with a curve; none without. */
export function planPicture(criterion: PlannedCriterion, most: number): PlanPicture | null {
  const { target, floor, curve } = criterion;
  if (target === null || floor === null || curve.length < 2) return null;
  const { width, height, left, right, top, bottom } = PLAN_SIZE;
  const rates = curve.map((point) => point.rate);
  const x = scaleLinear([Math.min(...rates), Math.max(...rates)], [left, width - right]);
  const peak = Math.max(...curve.map((point) => point.calls));
  const y = scaleLinear([0, Math.max(most, peak, 1)], [height - bottom, top]);
  const path = line<CurvePoint>((point) => x(point.rate), (point) => y(point.calls)).curve(curveMonotoneX)(curve);
  const free = (at: number): boolean => Math.abs(at - x(target)) >= LABEL_PX && Math.abs(at - x(floor)) >= LABEL_PX;
  return {
    curve: path ?? '',
    target: x(target),
    floor: x(floor),
    left,
    right: width - right,
    top,
    bottom: height - bottom,
    rates: x.ticks(5).map((rate) => ({ at: x(rate), rate })).filter((tick) => free(tick.at)),
    calls: [most, Math.round(peak), 0]
      .map((calls) => ({ at: y(calls), calls }))
      .filter((tick, index, all) => index === 0 || Math.abs(tick.at - (all[index - 1]?.at ?? 0)) > 12),
  };
}
