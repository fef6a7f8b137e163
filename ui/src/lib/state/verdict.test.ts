import { describe, expect, it } from 'vitest';

import type { Answer, CaseResult, Mark } from '../api';
import { beside, listed } from './verdict.svelte';

const result = (name: string, mark: Mark): CaseResult => ({
  case: name, mark, tags: [], critical: false, trials: 4, passed: mark === 'pass' ? 4 : 1, missing: 0, change: null,
  change_mark: 'plain', place: null,
});
const names = (cases: CaseResult[]): string[] => cases.map((each) => each.case);

describe('the cases of a verdict', () => {
  const cases = [result('a', 'fail'), result('b', 'flaky'), result('c', 'pass'), result('d', 'pass')];

  it('are those with trouble, in the order of the core', () => {
    expect(names(listed(cases, false, undefined))).toEqual(['a', 'b']);
    expect(names(listed(cases, true, undefined))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('hold the one that is looked at', () => {
    expect(names(listed(cases, false, 'd'))).toEqual(['a', 'b', 'd']);
  });

  it('are the first ones when none has trouble', () => {
    expect(names(listed(cases.slice(2), false, undefined))).toEqual(['c', 'd']);
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
