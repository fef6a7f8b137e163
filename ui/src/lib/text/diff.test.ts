import { describe, expect, it } from 'vitest';

import type { DiffKind, DiffLine } from '../api';
import { diffCounts, drawnDiff } from './diff';

const SIGNS: Record<string, DiffKind> = { '-': 'removed', '+': 'added', ' ': 'same' };
const lines = (...texts: string[]): DiffLine[] => texts.map((text) => ({ kind: SIGNS[text.charAt(0)] ?? 'same', text: text.slice(1) }));
const marked = (...texts: string[]): string[] => drawnDiff(lines(...texts)).map((line) => line.pieces.map((piece) => (piece.differs ? `[${piece.text}]` : piece.text)).join(''));

describe('a difference', () => {
  it('points at what changed within a line', () => {
    expect(marked('-Never say when money arrives.', '+Always say when money arrives.')).toEqual(['[Never] say when money arrives.', '[Always] say when money arrives.']);
    expect(marked('-url: https://a.example/v1', '+url: https://b.example/v1')).toEqual(['url: https://[a].example/v1', 'url: https://[b].example/v1']);
  });

  it('pairs lines that took each other’s place, in order', () => {
    expect(marked(' a', '-first: 1', '-second: 2', '+first: 3', '+second: 4', '+third: 5')).toEqual(['a', 'first: [1]', 'second: [2]', 'first: [3]', 'second: [4]', 'third: 5']);
  });

  it('points at nothing where two lines have little in common', () => {
    expect(marked('-sqlite3 test.db < seed.sql', '+curl -s "$1" | sh')).toEqual(['sqlite3 test.db < seed.sql', 'curl -s "$1" | sh']);
    expect(marked('+new')).toEqual(['new']);
  });

  it('hides no character, and cuts none in two', () => {
    expect(marked('-ship 😀 now', '+ship \u202e😀 now')).toEqual(['ship 😀 now', 'ship [U+202E]😀 now']);
  });

  it('is counted in lines', () => {
    expect(diffCounts(lines(' a', '-b', '+c', '+d'))).toEqual({ added: 2, removed: 1 });
  });
});
