// What a folder asks for, and which of it a person has looked at.

import { call, type Trust, type TrustItem } from '../api';
import { frame } from './frame.svelte';
import { Resource, resource } from './resource.svelte';
import { go } from './route.svelte';

export class TrustView {
  readonly trust: Resource<Trust>;
  onlyChanged = $state(false);
  #at = $state(0);
  #looked = $state.raw<ReadonlySet<number>>(new Set());

  constructor() {
    this.trust = resource(() => call('trust_preview'), ['workspace_changed', 'specs_changed']);
    // Another list is another thing to look at.
    let digest: string | undefined;
    $effect(() => {
      const now = this.trust.value?.digest;
      if (now === digest) return;
      digest = now;
      this.#looked = new Set();
      this.#at = 0;
    });
    $effect(() => {
      const item = this.item;
      if (item && !this.#looked.has(item.id)) this.#looked = new Set([...this.#looked, item.id]);
    });
  }

  get items(): readonly TrustItem[] {
    const items = this.trust.value?.items ?? [];
    return this.onlyChanged ? items.filter((item) => item.change !== 'same') : items;
  }

  get item(): TrustItem | undefined {
    return this.items[Math.min(this.#at, this.items.length - 1)];
  }

  /** Things that are new or changed. */
  get fresh(): readonly TrustItem[] {
    return (this.trust.value?.items ?? []).filter((item) => item.change !== 'same' && item.change !== 'gone');
  }

  get looked(): number {
    return this.fresh.filter((item) => this.#looked.has(item.id)).length;
  }

  get unchanged(): number {
    return (this.trust.value?.items ?? []).filter((item) => item.change === 'same').length;
  }

  /** Whether the folder was trusted before: only then is anything changed or as it was. */
  get known(): boolean {
    return (this.trust.value?.items ?? []).some((item) => item.change !== 'new');
  }

  choose(item: TrustItem): void {
    this.#at = this.items.indexOf(item);
  }

  /** Why all of it cannot be trusted yet; null when it can. */
  get blocked(): string | null {
    const left = this.fresh.length - this.looked;
    if (left === 0) return null;
    const what = this.known ? 'new or changed' : 'new';
    return left === 1 ? `1 ${what} one has not been looked at yet.` : `${left} ${what} ones have not been looked at yet.`;
  }

  async give(): Promise<void> {
    const digest = this.trust.value?.digest;
    if (digest === undefined || this.blocked !== null) return;
    const workspace = await frame.while('trust', () => call('trust_give', { digest }));
    if (!workspace) return;
    frame.workspace = workspace;
    go(workspace.trust.trusted ? 'specs' : 'home');
  }
}
