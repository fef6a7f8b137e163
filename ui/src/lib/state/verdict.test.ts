import { describe, expect, it } from 'vitest';

import type { Answer, CaseResult, Mark } from '../api';
import { beside, listed } from './verdict.svelte';

const result = (name: string, mark: Mark): CaseResult => ({
  case: name, mark, tags: [], critical: false, trials: 4, passed: mark === 'pass' ? 4 : 1, missing: 0, change: null,
  flaky: mark === 'flaky' ? '1 of 4 recorded trials passed' : null, quarantine: null, change_mark: 'plain', place: null,
});
const names = (cases: CaseResult[]): string[] => cases.map((each) => each.case);

describe('the cases of a verdict', () => {
  const cases = [result('a', 'fail'), result('b', 'flaky'), result('c', 'pass'), result('d', 'pass')];

  it('are those with trouble, in the order of the core', () => {
    expect(names(listed(cases, 'worst', undefined))).toEqual(['a', 'b']);
    expect(names(listed(cases, 'all', undefined))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('hold the one that is looked at', () => {
    expect(names(listed(cases, 'worst', 'd'))).toEqual(['a', 'b', 'd']);
  });

  it('are the flaky ones alone where those are asked for, even none', () => {
    expect(names(listed(cases, 'flaky', undefined))).toEqual(['b']);
    expect(names(listed(cases, 'flaky', 'a'))).toEqual(['b', 'a']);
    expect(names(listed(cases.slice(2), 'flaky', undefined))).toEqual([]);
  });

  it('are the first ones when none has trouble', () => {
    expect(names(listed(cases.slice(2), 'worst', undefined))).toEqual(['c', 'd']);
  });
});

describe('the answer beside an answer', () => {
  const answer = (round: number): Answer => ({ round }) as Answer;

  it('is of the same round where there is one', () => {
    expect(beside(answer(2), [answer(1), answer(2)])?.round).toBe(2);
    expect(beside(answer(9), [answer(1)])?.round).toBe(1);
    expect(beside(answer(1), [])).toBeUndefined();
  });
});
