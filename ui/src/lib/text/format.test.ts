import { describe, expect, it } from 'vitest';

import { ago, count, duration, in100, left, measured, money, plural, rate, when } from './format';

describe('numbers for people', () => {
  it('writes rates with a true minus and no negative nought', () => {
    expect(rate(0.809)).toBe('0.81');
    expect(rate(-0.12)).toBe('−0.12');
    expect(rate(-0.001)).toBe('0.00');
    expect(rate(0.8041, 3)).toBe('0.804');
  });

  it('writes shares as so many in 100, and never a found one as none', () => {
    expect([0, 0.0004, 0.0021, 0.05, 0.112, 0.61, 1].map(in100)).toEqual(['0', '< 0.1', '0.2', '5', '11.2', '61', '100']);
  });

  it('writes small amounts with the digits that they have', () => {
    expect(money({ micros: 220_000, currency: 'USD' })).toBe('$0.22');
    expect(money({ micros: 2_100, currency: 'USD' })).toBe('$0.0021');
    expect(money({ micros: 0, currency: 'EUR' })).toBe('€0.00');
    expect(money({ micros: -400_000, currency: 'CHF' })).toBe('−CHF\u00a00.40');
  });

  it('writes lengths of time in one unit', () => {
    const lengths: [number, string][] = [
      [41, '41 ms'], [940, '0.94 s'], [9_990, '9.99 s'], [9_999, '10 s'], [14_200, '14 s'], [99_600, '2 min'],
      [7_200_000, '2 h'], [6_300_000, '1.8 h'], [259_200_000, '3 days'],
    ];
    for (const [ms, text] of lengths) expect(duration(ms)).toBe(text);
    expect(measured(1_052_000)).toBe('1,052 ms');
    expect(measured(6_400)).toBe('6.4 ms');
    expect(count(25_920)).toBe('25,920');
    expect(plural(1, 'case')).toBe('1 case');
    expect(plural(24, 'case')).toBe('24 cases');
  });

  it('writes what is left as a range, and says when it is not known', () => {
    expect(left(40_000, 120_000)).toBe('40 s to 2 min');
    expect(left(5_000, 5_200)).toBe('5 s');
    expect(left(null, 3)).toBe('not known yet');
  });

  it('writes moments shorter the nearer they are', () => {
    const now = new Date(2026, 10, 23, 15, 0).getTime();
    expect(when(new Date(2026, 10, 23, 14, 39).getTime(), now)).toBe('14:39');
    expect(when(new Date(2026, 10, 12, 9, 30).getTime(), now)).toBe('12 Nov 09:30');
    expect(when(new Date(2025, 10, 12, 9, 30).getTime(), now)).toBe('12 Nov 2025 09:30');
    expect(ago(now - 12_000, now)).toBe('12 s ago');
    expect(ago(now - 180_000, now)).toBe('3 min ago');
    expect(ago(now + 5_000, now)).toBe('now');
  });
});
