// What an agent said, cut into pieces that can be shown as text: nothing in it is hidden, nothing is markup.

import type { TextRange } from '../api';

/** A piece of text. */
export interface Piece {
  text: string;
  /** Whether a rule points at it. */
  marked: boolean;
  /** Name of the character that this stands for, where the character itself would not be seen. */
  hidden: string | null;
}

// Characters that change or hide what is seen: controls but tab and line end; marks, embeddings and isolates of
// direction; spaces without width; the tag characters, in which whole texts have been hidden.
const HIDDEN =
  // eslint-disable-next-line no-control-regex -- controls are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udfff]/gu;

const NAMES: Record<number, string> = {
  0x00ad: 'soft hyphen',
  0x200b: 'zero width space',
  0x200e: 'left-to-right mark',
  0x200f: 'right-to-left mark',
  0x202a: 'left-to-right embedding',
  0x202b: 'right-to-left embedding',
  0x202c: 'pop directional formatting',
  0x202d: 'left-to-right override',
  0x202e: 'right-to-left override',
  0x2066: 'left-to-right isolate',
  0x2067: 'right-to-left isolate',
  0x2068: 'first strong isolate',
  0x2069: 'pop directional isolate',
  0xfeff: 'byte order mark',
};

/** A character that would not be seen, as something that is: `␛` for a control, `U+202E` for others. */
function stand(character: string): { text: string; name: string } {
  const code = character.codePointAt(0) ?? 0;
  const hex = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  if (code < 0x20) return { text: String.fromCodePoint(0x2400 + code), name: `control character ${hex}` };
  if (code === 0x7f) return { text: '␡', name: `control character ${hex}` };
  return { text: hex, name: NAMES[code] ? `${NAMES[code]} ${hex}` : `invisible character ${hex}` };
}

/** Cuts a text at the ends of `marks` (UTF-16 code units) and at every character that would not be seen. */
export function pieces(text: string, marks: readonly TextRange[] = []): Piece[] {
  const cuts = new Set([0, text.length]);
  for (const { from, to } of marks) {
    cuts.add(Math.min(from, text.length));
    cuts.add(Math.min(to, text.length));
  }
  const ends = [...cuts].sort((a, b) => a - b);
  const found: Piece[] = [];
  for (const [index, start] of ends.slice(0, -1).entries()) {
    const end = ends[index + 1] ?? text.length;
    const marked = marks.some(({ from, to }) => from <= start && end <= to);
    split(text.slice(start, end), marked, found);
  }
  return found;
}

function split(text: string, marked: boolean, found: Piece[]): void {
  let done = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > done) found.push({ text: text.slice(done, match.index), marked, hidden: null });
    const { text: shown, name } = stand(match[0]);
    found.push({ text: shown, marked, hidden: name });
    done = match.index + match[0].length;
  }
  if (done < text.length) found.push({ text: text.slice(done), marked, hidden: null });
}

/** The same as one line of plain text, for places where a piece cannot be styled. */
export function oneLine(text: string): string {
  return pieces(text.replace(/\s+/g, ' ').trim())
    .map((piece) => piece.text)
    .join('');
}
