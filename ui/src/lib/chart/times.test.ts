import { describe, expect, it } from 'vitest';

import { TIMES_SIZE, timesPicture } from './times';

describe('the times of a release', () => {
  it('stand in order, with a break where nothing happens', () => {
    const picture = timesPicture({ acknowledged_us: 6_000, first_new_us: 9_000, last_old_us: 31_000, verified_us: 1_052_000 });
    const xs = picture?.ticks.map((tick) => tick.x) ?? [];
    expect(xs).toEqual([...xs].sort((a, b) => a - b));
    expect(picture?.gap).toBeGreaterThan(xs[3] ?? Infinity);
    expect(picture?.gap).toBeLessThan(TIMES_SIZE.right);
    expect(picture?.words).toBe('switched 6 ms, first new answer 9 ms, last old answer 31 ms, verified 1,052 ms');
  });

  it('are true to scale when nothing is long', () => {
    const picture = timesPicture({ acknowledged_us: 500_000, first_new_us: null, last_old_us: null, verified_us: 1_000_000 });
    expect(picture?.gap).toBeNull();
    expect(picture?.ticks[1]?.x).toBeCloseTo((TIMES_SIZE.left + TIMES_SIZE.right) / 2);
    expect(picture?.old).toBeNull();
  });

  it('are not drawn before they were measured', () => {
    expect(timesPicture({ acknowledged_us: 6_000, first_new_us: null, last_old_us: null, verified_us: null })).toBeNull();
  });
});
