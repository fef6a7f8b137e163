// Marks in the page: which class colours them, which word stands for them when nothing else does.

import type { CriterionState, Mark, Outcome, RowState, Standing } from '../../lib/api';

/** A colour that says good, bad, neither or not known. */
export type Tone = 'pass' | 'fail' | 'inconclusive' | 'unknown';

/** The class that gives a mark its colour. */
export const TONE: Record<Mark, Tone> = {
  pass: 'pass',
  fail: 'fail',
  undecided: 'inconclusive',
  flaky: 'inconclusive',
  override: 'fail',
  unknown: 'unknown',
  running: 'unknown',
  waiting: 'unknown',
  trouble: 'unknown',
  plain: 'unknown',
};

/** A gate's outcome: of a version's gate the words are pass, fail and undecided. */
export const OUTCOME: Record<Outcome, { mark: Mark; word: string }> = {
  pass: { mark: 'pass', word: 'Pass' },
  fail: { mark: 'fail', word: 'Fail' },
  inconclusive: { mark: 'undecided', word: 'Undecided' },
};

/** A criterion's state. */
export const CRITERION: Record<CriterionState, { mark: Mark; word: string }> = {
  met: { mark: 'pass', word: 'Met' },
  not_met: { mark: 'fail', word: 'Not met' },
  undecided: { mark: 'undecided', word: 'Undecided' },
  running: { mark: 'running', word: 'Running' },
  waiting: { mark: 'waiting', word: 'Waiting' },
  not_judged: { mark: 'trouble', word: 'Not judged' },
};

/** A row of a run. */
export const ROW: Record<RowState, { mark: Mark; word: string }> = {
  asking: { mark: 'running', word: 'asking' },
  judging: { mark: 'running', word: 'judging' },
  passed: { mark: 'pass', word: 'passed' },
  failed: { mark: 'fail', word: 'failed' },
  agent_error: { mark: 'trouble', word: 'agent error' },
  missing: { mark: 'unknown', word: 'missing' },
  not_judged: { mark: 'trouble', word: 'not judged' },
};

/** What a standing means, for a tag's title. */
export const STANDING: Record<Standing, string> = {
  prospective: 'The plan was recorded before the first answer that counts',
  rescored: 'Tuned on these answers: does not promote',
};
