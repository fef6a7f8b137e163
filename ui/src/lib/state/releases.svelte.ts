// What is live and what may follow; the act that is being confirmed.

import { call, type Lane, type Preview, refusal, type Status } from '../api';
import { Resource, resource } from './resource.svelte';
import { look, route } from './route.svelte';
import { BUSY, tell, tellRefusal } from './toasts.svelte';

/** What a person is asked to confirm. */
export interface Asked {
  act: 'promote' | 'rollback';
  preview: Preview;
}

/** The name that was stated last: offered again, never sent by itself. */
let lastName = '';

export class ReleasesView {
  readonly status: Resource<Status>;
  asked = $state.raw<Asked | null>(null);
  by = $state(lastName);
  reason = $state('');
  /** What is being done: `promote`, `rollback`, `settle`, with its environment. */
  busy = $state<string | null>(null);

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
    await this.#while(`${act} ${environment}`, async () => {
      const preview = act === 'promote'
        ? await call('promote_preview', { environment, version })
        : await call('rollback_preview', { environment, to: version });
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
    await this.#while(`${act} ${environment}`, async () => {
      // What became of it is told by its event, whichever screen is looked at then.
      if (act === 'promote') await call('promote', { environment, version: preview.to.id, word, seen });
      else await call('rollback', { environment, to: preview.to.id, seen });
    });
    await this.status.ask();
  }

  async settle(environment: string): Promise<void> {
    await this.#while(`settle ${environment}`, async () => {
      this.status.value = await call('settle', { environment });
    });
  }

  isBusy(lane: Lane): boolean {
    return this.busy?.endsWith(` ${lane.environment}`) ?? false;
  }

  /** Why no act can be begun now; null when one can. */
  get waits(): string | null {
    return this.busy === null ? null : BUSY.title;
  }

  async #while(what: string, act: () => Promise<void>): Promise<void> {
    if (this.busy !== null) {
      if (this.busy !== what) tell(BUSY);
      return;
    }
    this.busy = what;
    try {
      await act();
    } catch (thrown) {
      tellRefusal(refusal(thrown));
    } finally {
      this.busy = null;
    }
  }
}
