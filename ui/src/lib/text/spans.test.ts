import { describe, expect, it } from 'vitest';

import { plain, spans } from './spans';

describe('a sentence', () => {
  it('is cut at its pairs of backticks', () => {
    expect(spans('To tell it from 80 %: `floor: 80%`, up to 203 calls.')).toEqual([
      { text: 'To tell it from 80 %: ', code: false }, { text: 'floor: 80%', code: true }, { text: ', up to 203 calls.', code: false },
    ]);
    expect(spans('`safety` does not say pass')[0]).toEqual({ text: 'safety', code: true });
  });

  it('keeps a backtick that has no partner, and loses no character', () => {
    expect(spans('a ` b')).toEqual([{ text: 'a ` b', code: false }]);
    expect(spans('``')).toEqual([{ text: '``', code: false }]);
    expect(spans('')).toEqual([]);
  });

  it('reads without them where only plain text can stand', () => {
    expect(plain('blocked by `refunds`:\n72 of 89')).toBe('blocked by refunds: 72 of 89');
  });
});
