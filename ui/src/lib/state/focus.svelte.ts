// Where the focus goes when the page takes away what has it.

import { tick, untrack } from 'svelte';

/**
 * Hands the focus on when a change takes away the element that has it: then, and only then, it goes to what `to` names.
 * Without it the focus falls to the page, and the keys begin at its top again.
 *
 * `changes` reads what such a change follows from; `from` is what holds the elements that may go.
 */
export function handOn(changes: () => unknown, from: () => HTMLElement | undefined, to: () => { focus: () => void } | null | undefined): void {
  // Before the page changes: afterwards nobody knows where the focus was.
  $effect.pre(() => {
    changes();
    untrack(() => {
      if (!from()?.contains(document.activeElement)) return;
      void tick().then(() => {
        if (document.activeElement === document.body) to()?.focus();
      });
    });
  });
}
