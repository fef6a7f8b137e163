// Labels by hand: what a person says of the scorers' words on the answers of one verdict.

import { type Agreements, type AgreementView, type Answer, call, type CallError, type Check, type LabelWord, refusal } from '../api';
import { type Resource, resource } from './resource.svelte';

/** The words with what they are called. */
export const WORDS: readonly { word: LabelWord; text: string }[] = [
  { word: 'pass', text: 'Pass' },
  { word: 'fail', text: 'Fail' },
  { word: 'skip', text: 'Cannot say' },
];

export class LabelsView {
  readonly found: Resource<Agreements | null>;
  readonly #verdict: () => string | undefined;
  /**
   * Words that were given on checks as they were read; null for one taken back. A check that is read again says by
   * itself what people said of it, here or elsewhere.
   */
  #given = $state.raw<ReadonlyMap<Check, LabelWord | null>>(new Map());
  by = $state('');
  /** Whether a person is labelling: from one answer to the next of the sample. */
  open = $state(false);
  refused = $state.raw<CallError | null>(null);

  constructor(verdict: () => string | undefined) {
    this.#verdict = verdict;
    this.found = resource(async () => {
      const verdict = this.#verdict();
      return verdict === undefined ? null : call('agreements', { verdict });
    }, ['verdict_given']);
  }

  /** The name that a label is given in: as typed here, else as it was last time. */
  get name(): string {
    return this.by.trim() === '' ? (this.found.value?.by ?? '') : this.by.trim();
  }

  /** What a person says of a check's word. */
  word(check: Check): LabelWord | null {
    const given = this.#given.get(check);
    return given === undefined ? (check.label?.word ?? null) : given;
  }

  /** How far the scorer of a check agrees with people. */
  of(check: Check): AgreementView | undefined {
    return this.found.value?.scorers.find((one) => one.scorer === check.scorer);
  }

  /** Gives a word, or takes it back where it is given again. */
  async give(answer: Answer, turn: number, check: Check, word: LabelWord): Promise<void> {
    const verdict = this.#verdict();
    if (verdict === undefined) return;
    const meant = this.word(check) === word ? null : word;
    const args = { verdict, trial: answer.trial, turn, scorer: check.scorer, word: meant, by: this.name };
    try {
      const agreements = await call('label', args);
      // Another verdict may be looked at by now: it has agreements of its own.
      if (this.#verdict() === verdict) this.found.value = agreements;
      this.#given = new Map(this.#given).set(check, meant);
      this.refused = null;
    } catch (error) {
      this.refused = refusal(error);
    }
  }
}
