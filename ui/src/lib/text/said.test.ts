import { describe, expect, it } from 'vitest';

import { oneLine, pieces } from './said';

describe('what an agent said', () => {
  it('is left as it is when all of it can be seen', () => {
    const text = 'Grüße, 日本 👩‍💻\n\tzwei <b>Zeilen</b>';
    expect(pieces(text)).toEqual([{ text, marked: false, hidden: null }]);
  });

  it('shows every control character', () => {
    const shown = pieces('a\u001b[31mb\u0000\r');
    expect(shown.map((piece) => piece.text)).toEqual(['a', '␛', '[31mb', '␀', '␍']);
    expect(shown[1]?.hidden).toBe('control character U+001B');
  });

  it('shows what turns the direction of text around', () => {
    const shown = pieces('pay \u202e0001\u202c now');
    expect(shown.map((piece) => piece.text)).toEqual(['pay ', 'U+202E', '0001', 'U+202C', ' now']);
    expect(shown[1]?.hidden).toBe('right-to-left override U+202E');
    // No piece still holds the character itself.
    expect(shown.some((piece) => piece.text.includes('\u202e'))).toBe(false);
  });

  it('shows text hidden in tag characters and halves of pairs', () => {
    expect(oneLine('ok\u{e0041}')).toBe('okU+E0041');
    expect(oneLine('x\ud83dy')).toBe('xU+D83Dy');
  });

  it('marks the stretch that a rule points at, hidden characters in it included', () => {
    const shown = pieces('within 2\u200b days.', [{ from: 0, to: 14 }]);
    expect(shown.map(({ text, marked }) => [text, marked])).toEqual([
      ['within 2', true], ['U+200B', true], [' days', true], ['.', false],
    ]);
  });

  it('lets a mark beyond the end end with the text', () => {
    expect(pieces('ab', [{ from: 1, to: 99 }]).map((piece) => piece.marked)).toEqual([false, true]);
  });
});
