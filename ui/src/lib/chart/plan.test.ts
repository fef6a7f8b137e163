import { describe, expect, it } from 'vitest';

import type { PlannedCriterion } from '../api';
import { PLAN_SIZE, planPicture } from './plan';

const criterion = (over: Partial<PlannedCriterion> = {}): PlannedCriterion => ({
  name: 'quality', blocking: true, rule: '', tells: '', promise: '', target: 0.9, floor: 0.8, lines: [],
  curve: [0.5, 0.7, 0.8, 0.85, 0.9, 1].map((rate, index) => ({ rate, calls: [24, 30, 66, 108, 80, 24][index] ?? 0 })),
  ...over,
});

describe('the picture of a plan', () => {
  it('puts floor left of target, both within its frame', () => {
    const picture = planPicture(criterion(), 203);
    expect(picture).not.toBeNull();
    if (!picture) return;
    expect(picture.floor).toBeLessThan(picture.target);
    expect(picture.left).toBeLessThan(picture.floor);
    expect(picture.target).toBeLessThanOrEqual(picture.right);
    expect(picture.curve.startsWith(`M${PLAN_SIZE.left},`)).toBe(true);
    expect(picture.calls.map((tick) => tick.calls)).toEqual([203, 108, 0]);
  });

  it('leaves out labels that would touch', () => {
    const picture = planPicture(criterion(), 203);
    const near = picture?.rates.filter((tick) => Math.abs(tick.at - picture.target) < 30) ?? ['none'];
    expect(near).toEqual([]);
    // The most on average is next to the most at all: only one is labelled.
    expect(planPicture(criterion(), 110)?.calls.map((tick) => tick.calls)).toEqual([110, 0]);
  });

  it('keeps the labels of a narrow gap apart', () => {
    const picture = planPicture(criterion({ target: 0.95, floor: 0.9 }), 203);
    expect(picture?.tight).toBe(true);
    const at = Object.fromEntries(picture?.zones.map((zone) => [zone.text, zone.at]) ?? []);
    expect((at['passes'] ?? 0) - (at['either'] ?? 0)).toBeGreaterThan(50);
    expect(picture?.rates.map((tick) => tick.rate)).not.toContain(1);
  });

  it('keeps the shape of its curve where it may ask far more', () => {
    const picture = planPicture(criterion(), 10_620);
    expect(picture?.calls.map((tick) => tick.calls)).toEqual([108, 0]);
    expect(picture?.calls[0]?.at).toBeLessThan(PLAN_SIZE.top + 20);
  });

  it('is not drawn without a curve', () => {
    expect(planPicture(criterion({ curve: [] }), 203)).toBeNull();
    expect(planPicture(criterion({ floor: null }), 203)).toBeNull();
  });
});
