// A comparison of two texts, with the part of a line that changed: drawn, not computed again.

import type { DiffKind, DiffLine } from '../api';
import { pieces } from './said';

/** A piece of a line. */
export interface DiffPiece {
  text: string;
  /** Whether the line that it stands beside reads otherwise here. */
  differs: boolean;
}

/** A line as it is drawn. */
export interface DrawnLine {
  kind: DiffKind;
  pieces: DiffPiece[];
}

/** Share of the shorter line that both must have in common for the rest to be worth pointing at. */
const ALIKE_SHARE = 0.4;

const seen = (text: string): string => pieces(text).map((piece) => piece.text).join('');

/** The lines, with what differs between a removed one and the added one that took its place. */
export function drawnDiff(lines: readonly DiffLine[]): DrawnLine[] {
  const drawn: DrawnLine[] = lines.map(({ kind, text }) => ({ kind, pieces: [{ text: seen(text), differs: false }] }));
  for (let at = 0; at < lines.length; at += 1) {
    if (lines[at]?.kind !== 'removed') continue;
    const removed = stretch(lines, at, 'removed');
    const added = stretch(lines, at + removed, 'added');
    for (let pair = 0; pair < Math.min(removed, added); pair += 1) {
      const [before, after] = [lines[at + pair], lines[at + removed + pair]];
      const cut = before && after ? between(before.text, after.text) : null;
      if (!cut) continue;
      drawn[at + pair] = { kind: 'removed', pieces: cut[0] };
      drawn[at + removed + pair] = { kind: 'added', pieces: cut[1] };
    }
    at += removed + added - 1;
  }
  return drawn;
}

/** Lines that were added and removed. */
export function diffCounts(lines: readonly DiffLine[]): { added: number; removed: number } {
  const count = (kind: DiffKind): number => lines.filter((line) => line.kind === kind).length;
  return { added: count('added'), removed: count('removed') };
}

/** How many lines of a kind stand from here on without another between them. */
function stretch(lines: readonly DiffLine[], from: number, kind: DiffKind): number {
  let length = 0;
  while (lines[from + length]?.kind === kind) length += 1;
  return length;
}

/** Both lines cut where they begin and end to differ; none when they have too little in common. */
function between(before: string, after: string): [DiffPiece[], DiffPiece[]] | null {
  const [one, other] = [[...before], [...after]];
  const shorter = Math.min(one.length, other.length);
  let head = 0;
  while (head < shorter && one[head] === other[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && one.at(-1 - tail) === other.at(-1 - tail)) tail += 1;
  const shared = one.slice(0, head).concat(one.slice(one.length - tail)).join('').trim().length;
  if (shared < ALIKE_SHARE * Math.min(before.trim().length, after.trim().length)) return null;
  const cut = (letters: string[]): DiffPiece[] =>
    [
      { text: letters.slice(0, head).join(''), differs: false },
      { text: letters.slice(head, letters.length - tail).join(''), differs: true },
      { text: letters.slice(letters.length - tail).join(''), differs: false },
    ].filter((piece) => piece.text !== '').map((piece) => ({ ...piece, text: seen(piece.text) }));
  return [cut(one), cut(other)];
}
