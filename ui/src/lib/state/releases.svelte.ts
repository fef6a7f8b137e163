// What is live and what may follow; the act that is being confirmed.

import { call, type Preview, refusal, type Status } from '../api';
import { Resource, resource } from './resource.svelte';
import { look, route } from './route.svelte';
import { BUSY, tell, tellRefusal } from './toasts.svelte';

const ACTS = ['promote', 'rollback', 'settle'] as const;

/** What can be done to an environment. */
export type Act = (typeof ACTS)[number];

/** What a person is asked to confirm. */
export interface Asked {
  act: Exclude<Act, 'settle'>;
  preview: Preview;
}

/** The name that was stated last: offered again, never sent by itself. */
let lastName = '';

export class ReleasesView {
  readonly status: Resource<Status>;
  asked = $state.raw<Asked | null>(null);
  by = $state(lastName);
  reason = $state('');
  /** What is under way: acts, each with its environment. */
  #busy = $state.raw<readonly string[]>([]);
  #turn = 0;

  constructor() {
    this.status = resource(() => call('status'), ['release_moved', 'verdict_given', 'workspace_changed', 'specs_changed']);
    // The palette leads here with a question.
    $effect(() => {
      const { ask, environment } = route.params;
      if ((ask === 'promote' || ask === 'rollback') && environment !== undefined) {
        look({ ask: null });
        void this.ask(ask, environment);
      }
    });
  }

  /** Asks the core what an act would do, and then the person. */
  async ask(act: Asked['act'], environment: string, version: string | null = null): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    await this.#while(act, environment, async () => {
      const preview = act === 'promote'
        ? await call('promote_preview', { environment, version })
        : await call('rollback_preview', { environment, to: version });
      // A later question has overtaken this one.
      if (turn !== this.#turn) return;
      this.reason = '';
      this.asked = { act, preview };
    });
  }

  leave(): void {
    this.asked = null;
  }

  /** Why it cannot be done yet; null when it can. */
  get blocked(): string | null {
    const preview = this.asked?.preview;
    if (!preview || preview.needs === 'impossible') return preview?.refusals[0] ?? 'It is refused.';
    if (preview.needs === 'nothing') return null;
    if (this.reason.trim() === '') return 'Needs a reason';
    return this.by.trim() === '' ? 'Needs a name' : null;
  }

  /** Does what was confirmed. */
  async confirm(): Promise<void> {
    const asked = this.asked;
    if (!asked || this.blocked !== null) return;
    const { act, preview } = asked;
    const { environment, seen } = preview;
    const word = preview.needs === 'nothing' ? null : { by: this.by.trim(), reason: this.reason.trim() };
    if (word) lastName = word.by;
    this.asked = null;
    await this.#while(act, environment, async () => {
      // What became of it is told by its event, whichever screen is looked at then.
      if (act === 'promote') await call('promote', { environment, version: preview.to.id, word, seen });
      else await call('rollback', { environment, to: preview.to.id, seen });
    });
    await this.status.ask();
  }

  async settle(environment: string): Promise<void> {
    await this.#while('settle', environment, async () => {
      this.status.value = await call('settle', { environment });
    });
  }

  /** Whether an act of an environment is under way. */
  isBusy(act: Act, environment: string): boolean {
    return this.#busy.includes(`${act} ${environment}`);
  }

  /** Why an act cannot be begun now; null when it can. The way back never waits: it supersedes what is under way. */
  waits(act: Act, environment: string): string | null {
    const others = ACTS.filter((other) => other !== act && this.isBusy(other, environment));
    return act !== 'rollback' && others.length > 0 ? BUSY.title : null;
  }

  async #while(act: Act, environment: string, does: () => Promise<void>): Promise<void> {
    if (this.isBusy(act, environment)) return;
    if (this.waits(act, environment) !== null) {
      tell(BUSY);
      return;
    }
    const what = `${act} ${environment}`;
    this.#busy = [...this.#busy, what];
    try {
      await does();
    } catch (thrown) {
      tellRefusal(refusal(thrown));
    } finally {
      this.#busy = this.#busy.filter((each) => each !== what);
    }
  }
}
