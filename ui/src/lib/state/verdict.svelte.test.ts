import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { TestHost } from '../../../tests/host';
import { go } from './route.svelte';
import { VerdictView } from './verdict.svelte';

const host = new TestHost();
vi.mock('../platform', async (original) => ({ ...(await original<object>()), host: () => Promise.resolve(host) }));

let stop: () => void;
let view: VerdictView;

beforeEach(async () => {
  host.called.length = 0;
  host.answers = {
    verdict: ({ verdict }) => ({ verdict: { head: { verdict }, cases: [{ case: 'a', mark: 'pass', flaky: null }, { case: 'b', mark: 'pass', flaky: null }] } }),
    case_answers: (asked) => ({ case: asked.case, candidate: (asked.verdict === 'one' ? [1, 11] : [2, 12]).map((trial) => ({ trial, round: 1 })), baseline: [] }),
  };
  go('verdict', { verdict: 'one', case: 'a' });
  stop = $effect.root(() => {
    view = new VerdictView();
  });
  flushSync();
  await vi.waitFor(() => expect(view.answer?.trial).toBe(1));
});
afterEach(() => stop());

it('the answers of one verdict are not shown as those of another on the same case', async () => {
  let late: () => void = () => undefined;
  const answer = host.answers.case_answers;
  host.answers.case_answers = (asked) => new Promise((done) => (late = () => done(answer?.(asked))));
  go('verdict', { verdict: 'two', case: 'a' });
  flushSync();
  await vi.waitFor(() => expect(host.asked('case_answers').at(-1)).toMatchObject({ verdict: 'two' }));
  expect(view.answer).toBeUndefined();
  late();
  await vi.waitFor(() => expect(view.answer?.trial).toBe(2));
});

it('the answers of another verdict begin at their first; the same verdict that is read again stays where it is', async () => {
  view.step(1);
  expect(view.answer?.trial).toBe(11);
  host.tell({ kind: 'verdict_given', verdict: 'one', spec: 'refunds' });
  await vi.waitFor(() => expect(host.asked('verdict')).toHaveLength(2));
  await new Promise((done) => setTimeout(done));
  flushSync();
  expect(view.answer?.trial).toBe(11);
  go('verdict', { verdict: 'two', case: 'a' });
  flushSync();
  await vi.waitFor(() => expect(view.answer?.trial).toBe(2));
});

it('another case is looked at without asking for the verdict again', async () => {
  view.choose('b');
  flushSync();
  await vi.waitFor(() => expect(host.asked('case_answers').at(-1)).toEqual({ verdict: 'one', case: 'b' }));
  expect([host.asked('verdict').length, host.asked('case_answers').length]).toEqual([1, 2]);
});
