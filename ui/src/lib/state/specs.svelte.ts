// The files that a person edits: which is open, what is typed and not saved, what is wrong with it, what it plans.

import { untrack } from 'svelte';

import { call, type Diagnostic, type PlanView, refusal, type Source, type SpecTree } from '../api';
import { draftKey, draftOf, dropDraft, hasDraft, keepDraft } from './drafts.svelte';
import { Resource, resource } from './resource.svelte';
import { route } from './route.svelte';
import { frame } from './frame.svelte';
import { tell, tellRefusal } from './toasts.svelte';

/** After the last key: how long until the core is asked what is wrong, and what a run would ask. */
const CHECK_AFTER_MS = 80;
const PLAN_AFTER_MS = 400;

export class SpecsView {
  readonly tree: Resource<SpecTree>;
  readonly source: Resource<Source | null>;
  readonly plan: Resource<PlanView | null>;
  /** What is typed; null while it is what is saved. */
  typed = $state<string | null>(null);
  saving = $state(false);
  #found = $state.raw<readonly Diagnostic[] | null>(null);
  /** What the plan is made of: the typed text a while after the last key. */
  #planned = $state<string | null>(null);
  #turn = 0;
  /** Digest of what was saved when the typed text was begun. */
  #base = $state<string | null>(null);
  /** The draft of which it was said that closing the app loses it. */
  #warned: string | null = null;
  /** The open file of the open folder: a text, which stays the same when the folder is asked about again. */
  readonly #open = $derived(this.#key(this.file));

  constructor() {
    this.tree = resource(() => call('specs'), ['specs_changed', 'verdict_given']);
    this.source = resource(async () => {
      const file = this.file;
      return file === null ? null : call('spec_source', { file });
    }, ['specs_changed', 'verdict_given']);
    this.plan = resource(async () => {
      const spec = this.spec;
      const text = this.specSettled;
      return spec === null ? null : call('plan', { spec, text });
    }, ['specs_changed', 'run_moved', 'version_seen']);
    // Another file: what was typed into it before is taken up again.
    $effect(() => {
      const draft = draftOf(this.#open);
      untrack(() => {
        this.#base = draft?.digest ?? null;
        // What is still being asked of the file before says nothing of this one.
        this.#turn += 1;
        this.#found = null;
        this.typed = draft?.text ?? null;
        this.#planned = draft?.text ?? null;
        if (draft) void this.#check(draft.text);
      });
    });
    $effect(() => {
      const text = this.typed;
      const timers = [
        setTimeout(() => text !== null && void this.#check(text), CHECK_AFTER_MS),
        setTimeout(() => (this.#planned = text), text === null ? 0 : PLAN_AFTER_MS),
      ];
      return () => timers.forEach(clearTimeout);
    });
  }

  /** What a narrow window shows, which has room for one of the two: a line that is looked at is in the text. */
  get side(): 'text' | 'gate' {
    return route.params['tab'] === undefined || route.params['line'] !== undefined ? 'text' : 'gate';
  }

  /** The file that is open: the one of the address, else the first spec. */
  get file(): string | null {
    return route.params['file'] ?? this.tree.value?.specs[0]?.file ?? this.tree.value?.files[0]?.file ?? null;
  }

  /** The file as it was read: while another one is read the one before, but never in place of one that cannot be. */
  get shown(): Source | null {
    const source = this.source.value ?? null;
    return this.source.error !== undefined && source?.file !== this.file ? null : source;
  }

  get line(): number | null {
    const line = Number(route.params['line']);
    return Number.isInteger(line) && line > 0 ? line : null;
  }

  /** The spec that the plan is about: the one in the open file, or the one whose file names it, or the first. */
  get spec(): string | null {
    const tree = this.tree.value;
    const file = this.file;
    const of = tree?.files.find((each) => each.file === file)?.of ?? file;
    return (tree?.specs.find((each) => each.file === of) ?? tree?.specs[0])?.spec ?? null;
  }

  /** Whether the open file is the spec's own: what is typed elsewhere is no text of it. */
  get #ownFile(): boolean {
    return this.tree.value?.specs.find((each) => each.spec === this.spec)?.file === this.file;
  }

  /** What is typed into the spec's file and not saved; null where nothing is. */
  get specTyped(): string | null {
    return this.#ownFile ? this.typed : null;
  }

  /** The same a while after the last key, for what takes longer than typing. */
  get specSettled(): string | null {
    return this.#ownFile ? this.#planned : null;
  }

  /** The spec's text as it reads now; null while another file is open. */
  get specText(): string | null {
    return this.#ownFile && this.source.value?.file === this.file ? this.text : null;
  }

  get hasMistakes(): boolean {
    return this.#ownFile && this.diagnostics.some((found) => found.severity === 'error');
  }

  get text(): string {
    return this.typed ?? this.source.value?.text ?? '';
  }

  /** Whether the file reads otherwise by now than when the typed text was begun: saving it asks again. */
  get overtaken(): boolean {
    const source = this.source.value;
    return this.typed !== null && this.#base !== null && source?.file === this.file && source?.digest !== this.#base;
  }

  /** Whether something is typed into a file and not saved. */
  unsaved(file: string): boolean {
    return hasDraft(this.#key(file));
  }

  get diagnostics(): readonly Diagnostic[] {
    return (this.typed === null ? null : this.#found) ?? this.source.value?.diagnostics ?? [];
  }

  type(text: string): void {
    const source = this.source.value;
    // A key that is still pressed in the file before is no edit of the one that is about to open.
    if (source?.file !== this.file) return;
    const key = this.#key(this.file);
    if (text === source.text) {
      dropDraft(key);
      this.typed = null;
      this.#base = null;
      return;
    }
    this.#base ??= source.digest;
    this.typed = text;
    if (keepDraft(key, { text, digest: this.#base }) || this.#warned === key) return;
    this.#warned = key;
    tell({ mark: 'trouble', title: 'This text is lost when the app is closed', detail: 'It is too long to be kept without being saved, or there is no room for it. Save it first.' });
  }

  async save(): Promise<void> {
    const file = this.file;
    const key = this.#key(file);
    const text = this.typed;
    const digest = this.#base;
    if (file === null || text === null || digest === null || this.saving) return;
    this.saving = true;
    try {
      const saved = await call('spec_save', { file, text, digest });
      // What was typed while it was saved stays typed, and is an edit of what was saved.
      const draft = draftOf(key);
      if (draft?.text === text) dropDraft(key);
      else if (draft) keepDraft(key, { text: draft.text, digest: saved.digest });
      if (this.#key(this.file) === key) {
        this.source.value = saved;
        this.#base = null;
        if (this.typed === text) this.typed = null;
        else this.type(this.typed ?? saved.text);
      }
    } catch (thrown) {
      const error = refusal(thrown);
      if (error.code === 'stale') await this.#overtaken(file, key, error.message);
      else tellRefusal(error);
    }
    this.saving = false;
  }

  /** Somebody else edited the file. What is typed becomes an edit of that, so that saving again is a knowing act. */
  async #overtaken(file: string, key: string, title: string): Promise<void> {
    try {
      const source = await call('spec_source', { file });
      const draft = draftOf(key);
      if (draft) keepDraft(key, { text: draft.text, digest: source.digest });
      if (this.#key(this.file) === key) {
        this.source.value = source;
        this.#base = this.typed === null ? null : source.digest;
      }
      tell({ mark: 'trouble', title, detail: 'Your text is kept. Save again to overwrite what lies there now, or Revert to see it.' });
    } catch (thrown) {
      tellRefusal(refusal(thrown));
    }
  }

  /** Lets go of what was typed. */
  revert(): void {
    dropDraft(this.#key(this.file));
    this.typed = null;
    this.#base = null;
    tell({ mark: 'plain', title: 'Back to what is saved' });
  }

  async #check(text: string): Promise<void> {
    const file = this.file;
    if (file === null) return;
    this.#turn += 1;
    const turn = this.#turn;
    try {
      const checked = await call('spec_check', { file, text });
      if (turn === this.#turn) this.#found = checked.diagnostics;
    } catch (thrown) {
      if (turn === this.#turn) tellRefusal(refusal(thrown));
    }
  }

  #key(file: string | null): string {
    return draftKey(frame.workspace?.path ?? '', file ?? '');
  }
}
