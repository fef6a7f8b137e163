import { describe, expect, it } from 'vitest';

import { holds, stretchAround, visibleRows } from './window';

describe('the rows in sight', () => {
  it('are those between the edges, with some to spare', () => {
    expect(visibleRows(0, 320, 32, 1000)).toEqual({ offset: 0, limit: 18 });
    expect(visibleRows(3200, 320, 32, 1000)).toEqual({ offset: 92, limit: 26 });
  });

  it('end with the list, even when it became shorter than the scroll', () => {
    expect(visibleRows(32_000, 320, 32, 5)).toEqual({ offset: 0, limit: 5 });
    expect(visibleRows(0, 320, 32, 0)).toEqual({ offset: 0, limit: 0 });
  });

  it('lie within the stretch that is asked for, wherever they are', () => {
    for (let top = 0; top < 320_000; top += 977) {
      const seen = visibleRows(top, 700, 32, 10_000);
      expect(holds(stretchAround(seen, 200), seen), `at ${top}`).toBe(true);
    }
  });
});
