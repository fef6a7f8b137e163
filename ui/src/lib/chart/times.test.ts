import { describe, expect, it } from 'vitest';

import { TIMES_SIZE, timesPicture } from './times';

describe('the times of a release', () => {
  it('stand in order, with a break where nothing happens', () => {
    const picture = timesPicture({ acknowledged_us: 6_000, first_new_us: 9_000, last_old_us: 31_000, verified_us: 1_052_000 });
    const xs = picture?.ticks.map((tick) => tick.x) ?? [];
    expect(xs).toEqual([...xs].sort((a, b) => a - b));
    expect(picture?.gap?.x).toBeGreaterThan(xs[3] ?? Infinity);
    expect(picture?.gap?.x).toBeLessThan(TIMES_SIZE.right);
    expect(picture?.words).toBe('switched 6 ms, first new answer 9 ms, last old answer 31 ms, verified 1,052 ms');
  });

  it('are true to scale when nothing is long', () => {
    const picture = timesPicture({ acknowledged_us: 500_000, first_new_us: null, last_old_us: null, verified_us: 1_000_000 });
    expect(picture?.gap).toBeNull();
    expect(picture?.ticks[1]?.x).toBeCloseTo((TIMES_SIZE.left + TIMES_SIZE.right) / 2);
    expect(picture?.old).toBeNull();
  });

  it('are named where the break cuts no word', () => {
    const late = timesPicture({ acknowledged_us: 17_000, first_new_us: 39_000, last_old_us: null, verified_us: 1_064_000 });
    const [gap, label] = [late?.gap, late?.fresh?.label];
    expect(gap && label && label.x > gap.x + gap.width).toBe(true);
    const early = timesPicture({ acknowledged_us: 6_000, first_new_us: 9_000, last_old_us: 31_000, verified_us: 1_052_000 });
    expect(early?.fresh?.label?.x).toBeLessThan(early?.gap?.x ?? 0);
  });

  it('have labels that do not touch', () => {
    const picture = timesPicture({ acknowledged_us: 9_900, first_new_us: 10_000, last_old_us: 10_000, verified_us: 1_000_000 });
    for (const above of [true, false]) {
      const xs = picture?.ticks.filter((tick) => tick.above === above && tick.name !== '').map((tick) => tick.x) ?? [];
      for (const [index, x] of xs.slice(1).entries()) expect(x - (xs[index] ?? 0)).toBeGreaterThan(14);
    }
  });

  it('are not drawn before they were measured', () => {
    expect(timesPicture({ acknowledged_us: 6_000, first_new_us: null, last_old_us: null, verified_us: null })).toBeNull();
  });
});
