// Something shown that the core is asked for, and asked for again when an event says that it changed.

import { CallError, type Happened, listen, refusal } from '../api';
import { untrack } from 'svelte';

type Kind = Happened['kind'];

const hearers = new Set<(what: Happened) => void>();
let stop: (() => void) | undefined;

/** Why nothing that happens is heard: what is shown may be old then. */
export const stream = $state<{ broken: CallError | undefined }>({ broken: undefined });

/** Hears events until the returned function is called. One connection serves all who hear. */
export function hear(heard: (what: Happened) => void): () => void {
  hearers.add(heard);
  stop ??= listen((event) => {
    for (const each of [...hearers]) each(event.what);
  }, ({ message }) => {
    stream.broken = new CallError({ code: 'deaf', message: 'What changes is not shown by itself', hint: `Close Gatewright and open it again. The app cannot be heard: ${message}` });
  });
  return () => hearers.delete(heard);
}

/** An answer of the core, or why there is none. What is shown stays while it is asked for again. */
export class Resource<Value> {
  value = $state.raw<Value>();
  error = $state.raw<CallError>();
  loading = $state(false);
  readonly #load: () => Promise<Value>;
  #turn = 0;
  #again = false;

  constructor(load: () => Promise<Value>) {
    this.#load = load;
  }

  /** Asks now; an answer that was overtaken by a later question is dropped. */
  async ask(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    const asked = this.#load();
    untrack(() => (this.loading = true));
    try {
      const value = await asked;
      if (turn !== this.#turn) return;
      this.value = value;
      this.error = undefined;
    } catch (thrown) {
      if (turn !== this.#turn) return;
      this.error = refusal(thrown);
    }
    this.loading = false;
    if (this.#again) {
      this.#again = false;
      await this.ask();
    }
  }

  /** Asks again because something changed: at once, or once more after the question that is open. */
  again(): void {
    if (untrack(() => this.loading)) this.#again = true;
    else void this.ask();
  }
}

/**
 * A resource of a component: asked when it appears, when what `load` reads changes, and after events of `kinds`.
 */
export function resource<Value>(load: () => Promise<Value>, kinds: readonly Kind[] = []): Resource<Value> {
  const made = new Resource(load);
  $effect(() => {
    void made.ask();
  });
  $effect(() =>
    hear((what) => {
      if (kinds.includes(what.kind)) made.again();
    }),
  );
  return made;
}
