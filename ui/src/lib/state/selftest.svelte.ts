// The self-test of a gate: begun, stopped, how far it is, what it found. It goes on while another screen is looked at.

import { call, type CallError, refusal, type SelfTestState } from '../api';
import { frame } from './frame.svelte';
import { Resource, resource } from './resource.svelte';
import type { SpecsView } from './specs.svelte';

/** A self-test that was begun, and what it was made of. */
interface Begun {
  selftest: string;
  /** The spec's text; none when another file was open. */
  text: string | null;
  /** Whether the shape of answers was to be assumed. */
  assumed: boolean;
}

/** The newest self-test of each spec of each workspace. */
let begun = $state.raw<Readonly<Record<string, Begun>>>({});
/** What ended ones found: the core keeps the newest alone. */
const ended = new Map<string, SelfTestState>();

export class SelfTest {
  readonly #view: SpecsView;
  readonly #found: Resource<SelfTestState | null>;
  starting = $state(false);
  refused = $state.raw<CallError>();

  constructor(view: SpecsView) {
    this.#view = view;
    this.#found = resource(async () => {
      const selftest = this.#begun?.selftest;
      if (selftest === undefined) return null;
      const found = ended.get(this.#key) ?? (await call('selftest_state', { selftest }));
      if (found.ended && found.selftest === this.#begun?.selftest) ended.set(this.#key, found);
      return found;
    }, ['selftest_moved']);
  }

  /** How far it is, or what it found; none before one was begun. */
  get state(): SelfTestState | null {
    const found = this.#found.value;
    return found && found.selftest === this.#begun?.selftest && found.spec === this.#view.spec ? found : null;
  }

  get error(): CallError | undefined {
    return this.refused ?? (this.#begun ? this.#found.error : undefined);
  }

  /** Whether the shape of answers was assumed because somebody asked for it. */
  get asked(): boolean {
    return this.#begun?.assumed ?? false;
  }

  /** Whether the spec reads otherwise now than when it was tested. */
  get stale(): boolean {
    const [then, now] = [this.#begun?.text ?? null, this.#view.specText];
    return then !== null && now !== null && then !== now;
  }

  /** Begins one in place of the one before. `assumed`: the shape of answers is assumed, though some are recorded. */
  async start(assumed: boolean): Promise<void> {
    const spec = this.#view.spec;
    if (spec === null || this.starting) return;
    this.starting = true;
    this.refused = undefined;
    const [key, text] = [this.#key, this.#view.specText];
    try {
      const { selftest } = await call('selftest_start', { spec, text: this.#view.specTyped, assumed });
      ended.delete(key);
      begun = { ...begun, [key]: { selftest, text, assumed } };
    } catch (thrown) {
      this.refused = refusal(thrown);
    }
    this.starting = false;
  }

  async cancel(): Promise<void> {
    const selftest = this.#begun?.selftest;
    if (selftest === undefined) return;
    try {
      await call('selftest_cancel', { selftest });
    } catch (thrown) {
      this.refused = refusal(thrown);
    }
  }

  get #key(): string {
    return `${frame.workspace?.path ?? ''}\n${this.#view.spec ?? ''}`;
  }

  get #begun(): Begun | undefined {
    return begun[this.#key];
  }
}
