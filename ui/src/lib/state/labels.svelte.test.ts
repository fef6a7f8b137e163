import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { TestHost } from '../../../tests/host';
import type { Answer, Check } from '../api';
import { LabelsView } from './labels.svelte';

let host: TestHost;
vi.mock('../platform', async (original) => ({ ...(await original<object>()), host: () => Promise.resolve(host) }));

const answer = { trial: 7 } as Answer;
const check = { scorer: 'sha256:rule', label: null } as Check;
let verdict = $state('one');
let stop: () => void;
let view: LabelsView;

beforeEach(async () => {
  host = new TestHost();
  host.answers = { agreements: (args) => ({ by: args.verdict, scorers: [] }), label: () => ({ by: 'labelled', scorers: [] }) };
  verdict = 'one';
  stop = $effect.root(() => {
    view = new LabelsView(() => verdict);
  });
  await vi.waitFor(() => expect(view.found.value?.by).toBe('one'));
});
afterEach(() => stop());

it('a word is given, and taken back where it is given again', async () => {
  await view.give(answer, 0, check, 'pass');
  expect([view.word(check), view.found.value?.by]).toEqual(['pass', 'labelled']);
  await view.give(answer, 0, check, 'pass');
  expect(view.word(check)).toBeNull();
  expect(host.asked('label').map((args) => (args as { word: unknown }).word)).toEqual(['pass', null]);
});

it('a check that is read again says what was said of it elsewhere meanwhile', async () => {
  await view.give(answer, 0, check, 'pass');
  const again = { ...check, label: { word: 'fail', by: 'somebody else' } } as Check;
  expect([view.word(check), view.word(again)]).toEqual(['pass', 'fail']);
});

it('a word that was given for one verdict does not change what is shown of the next', async () => {
  let done: (agreements: unknown) => void = () => undefined;
  host.answers.label = () => new Promise((over) => (done = over));
  const giving = view.give(answer, 0, check, 'pass');
  await vi.waitFor(() => expect(host.asked('label')).toHaveLength(1));
  verdict = 'two';
  flushSync();
  await vi.waitFor(() => expect(view.found.value?.by).toBe('two'));
  done({ by: 'labelled', scorers: [] });
  await giving;
  expect(view.found.value?.by).toBe('two');
});
