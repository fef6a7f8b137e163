// The verdict that is looked at: which, which of its cases, which of their answers.

import { type Answer, call, type CaseAnswers, type CaseResult, type Verdict } from '../api';
import { Resource, resource } from './resource.svelte';
import { look, route } from './route.svelte';

/** Cases shown before a person asks for all. */
const WORST_MAX = 12;

/** Which answer of the other version stands beside one: the same round, else the first. */
export function beside(answer: Answer | undefined, others: readonly Answer[]): Answer | undefined {
  return others.find((other) => other.round === answer?.round) ?? others[0];
}

/** The cases that a list shows: those with trouble, or all; a case that is looked at is always among them. */
export function listed(cases: readonly CaseResult[], all: boolean, selected: string | undefined): CaseResult[] {
  if (all) return [...cases];
  const worst = cases.filter((result) => result.mark !== 'pass').slice(0, WORST_MAX);
  const shown = worst.length > 0 ? worst : cases.slice(0, WORST_MAX);
  const own = cases.find((result) => result.case === selected);
  return own && !shown.includes(own) ? [...shown, own] : [...shown];
}

export class VerdictView {
  readonly found: Resource<Verdict | null>;
  readonly answers: Resource<CaseAnswers | null>;
  all = $state(false);
  #trial = $state(0);

  constructor() {
    this.found = resource(async () => {
      const { verdict = null, spec = null } = route.params;
      return (await call('verdict', { verdict, spec })).verdict;
    }, ['verdict_given']);
    this.answers = resource(async () => {
      const verdict = this.found.value?.head.verdict;
      const name = this.case?.case;
      return verdict !== undefined && name !== undefined ? call('case_answers', { verdict, case: name }) : null;
    });
  }

  get cases(): CaseResult[] {
    return listed(this.found.value?.cases ?? [], this.all, route.params['case']);
  }

  /** The case that is looked at: the one of the address, else the worst. */
  get case(): CaseResult | undefined {
    const cases = this.found.value?.cases ?? [];
    return cases.find((result) => result.case === route.params['case']) ?? cases[0];
  }

  choose(name: string): void {
    this.#trial = 0;
    look({ case: name });
  }

  get trials(): readonly Answer[] {
    const answers = this.answers.value;
    return answers && answers.case === this.case?.case ? answers.candidate : [];
  }

  get trial(): number {
    return Math.min(this.#trial, Math.max(0, this.trials.length - 1));
  }

  step(by: number): void {
    const trials = this.trials.length;
    if (trials > 0) this.#trial = (this.trial + by + trials) % trials;
  }

  get answer(): Answer | undefined {
    return this.trials[this.trial];
  }

  get other(): Answer | undefined {
    return beside(this.answer, this.answers.value?.baseline ?? []);
  }
}
