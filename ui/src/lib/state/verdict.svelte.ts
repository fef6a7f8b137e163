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

/** Which cases a list shows. */
export type Which = 'worst' | 'flaky' | 'all';

/** The cases that a list shows: those with trouble, those whose recorded trials disagree, or all; a case that is looked
 * at is always among them. */
export function listed(cases: readonly CaseResult[], which: Which, selected: string | undefined): CaseResult[] {
  if (which === 'all') return [...cases];
  const flaky = which === 'flaky';
  const wanted = cases.filter((result) => (flaky ? result.flaky !== null : result.mark !== 'pass'));
  const shown = flaky ? wanted : (wanted.length > 0 ? wanted : cases).slice(0, WORST_MAX);
  const own = cases.find((result) => result.case === selected);
  return own && !shown.includes(own) ? [...shown, own] : [...shown];
}

export class VerdictView {
  readonly found: Resource<Verdict | null>;
  /** Answers of a case, with the verdict that they were asked for. */
  readonly answers: Resource<(CaseAnswers & { verdict: string }) | null>;
  which = $state<Which>('worst');
  #trial = $state(0);
  #wanted = $state<number | null>(null);
  // A verdict that is read again is the same verdict.
  readonly #id = $derived(this.verdict?.head.verdict);

  constructor() {
    this.found = resource(async () => {
      const { verdict = null, spec = null } = route.params;
      return (await call('verdict', { verdict, spec })).verdict;
    }, ['verdict_given']);
    // The answers of another verdict begin at their first; the same one that is read again stays where it is looked at.
    $effect(() => {
      void this.#id;
      this.#trial = 0;
      this.#wanted = null;
    });
    this.answers = resource(async () => {
      const verdict = this.#id;
      const name = this.case?.case;
      return verdict !== undefined && name !== undefined ? { ...(await call('case_answers', { verdict, case: name })), verdict } : null;
    });
  }

  get verdict(): Verdict | null {
    return this.found.value ?? null;
  }

  get cases(): CaseResult[] {
    return listed(this.found.value?.cases ?? [], this.shown, route.params['case']);
  }

  /** Cases whose recorded trials disagree. */
  get flaky(): number {
    return (this.found.value?.cases ?? []).filter((result) => result.flaky !== null).length;
  }

  /** The list that is shown: of a verdict without a flaky case there is none of those. */
  get shown(): Which {
    return this.which === 'flaky' && this.flaky === 0 ? 'worst' : this.which;
  }

  /** The case that is looked at: the one of the address, else the worst. */
  get case(): CaseResult | undefined {
    const cases = this.found.value?.cases ?? [];
    return cases.find((result) => result.case === route.params['case']) ?? cases[0];
  }

  choose(name: string): void {
    this.#trial = 0;
    this.#wanted = null;
    look({ case: name });
  }

  /** Looks at one answer. */
  show(name: string, trial: number): void {
    this.choose(name);
    this.#wanted = trial;
  }

  get trials(): readonly Answer[] {
    const answers = this.answers.value;
    return answers && answers.case === this.case?.case && answers.verdict === this.#id ? answers.candidate : [];
  }

  get trial(): number {
    const wanted = this.trials.findIndex((answer) => answer.trial === this.#wanted);
    return wanted >= 0 ? wanted : Math.min(this.#trial, Math.max(0, this.trials.length - 1));
  }

  step(by: number): void {
    const trials = this.trials.length;
    if (trials === 0) return;
    this.#trial = (this.trial + by + trials) % trials;
    this.#wanted = null;
  }

  get answer(): Answer | undefined {
    return this.trials[this.trial];
  }

  get other(): Answer | undefined {
    return beside(this.answer, this.answers.value?.baseline ?? []);
  }
}
