import { describe, expect, it } from 'vitest';

import type { GateBar } from '../api';
import { gateAxis, gateWords } from './gatebar';

const bar = (over: Partial<GateBar>): GateBar => ({ value: null, low: null, high: null, target: 0.9, floor: 0.8, ...over });

describe('the axis of a gate bar', () => {
  it('gives floor and target room and ends at 1 for a rate', () => {
    const axis = gateAxis(bar({ value: 0.81, low: 0.75, high: 0.89 }));
    expect(axis.from).toBeCloseTo(0.6);
    expect(axis.to).toBe(1);
    expect(axis.place(0.9)).toBeCloseTo(0.75);
  });

  it('holds a bound that lies far below', () => {
    const axis = gateAxis(bar({ value: 0.3, low: 0.1, high: 0.5 }));
    expect(axis.from).toBeCloseTo(0.1);
    expect(axis.place(0.1)).toBe(0);
  });

  it('goes below 0 for a drop', () => {
    const axis = gateAxis(bar({ target: 0, floor: -0.1, value: -0.12, low: -0.23, high: -0.01 }));
    expect(axis.from).toBeCloseTo(-0.3);
    expect(axis.label(-0.1)).toBe('−0.10');
  });

  it('never puts a mark outside', () => {
    const axis = gateAxis(bar({}));
    expect(axis.place(-5)).toBe(0);
    expect(axis.place(5)).toBe(1);
  });

  it('moves labels aside when they would touch', () => {
    expect(gateAxis(bar({})).tight).toBe(false);
    expect(gateAxis(bar({ value: 0.1 })).tight).toBe(true);
  });

  it('is said in words', () => {
    expect(gateWords(bar({ value: 0.809, low: 0.746, high: 0.887 }))).toBe(
      '0.809, bound 0.746 to 0.887, target 0.90, floor 0.80',
    );
    expect(gateWords(bar({ floor: null }))).toBe('no value, target 0.90');
  });
});
