// Texts that were typed and not saved. The web view keeps them, so they outlive the screen, the page and the app.

import { SvelteSet } from 'svelte/reactivity';

/** A text, and the digest of what was saved when it was begun. */
export interface Draft {
  text: string;
  digest: string;
}

/** Before the keys of drafts in the web view's storage. */
const PREFIX = 'draft\n';
/** Drafts that outlive the app; of more, the one goes first that was typed in longest ago. */
export const DRAFTS_MAX = 32;
/** Length of a draft that outlives the app, in UTF-16 units: it is written at every key, and the storage is small. */
export const TEXT_MAX = 500_000;

/** Those of this page, whatever the web view keeps. */
const here = new Map<string, Draft>();
/** Keys of all that there are, for who shows that there is one. */
const known = new SvelteSet<string>();
try {
  for (const key of oldestFirst()) known.add(key);
} catch {
  // A web view without a storage keeps none.
}

/** Which draft: of a file of a workspace. */
export function draftKey(workspace: string, file: string): string {
  return `${workspace}\n${file}`;
}

/** What was typed and not saved. */
export function draftOf(key: string): Draft | undefined {
  return here.get(key) ?? stored(key);
}

/** Whether something was typed and not saved. */
export function hasDraft(key: string): boolean {
  return known.has(key);
}

/** Keeps what is typed. Whether it outlives the app: not where it is too long, or the web view has no room. */
export function keepDraft(key: string, draft: Draft): boolean {
  const begun = !here.has(key);
  here.set(key, draft);
  known.add(key);
  if (draft.text.length <= TEXT_MAX && write(key, draft, begun)) return true;
  // Rather none than one of some keys before.
  unwrite(key);
  return false;
}

/** Lets go of a draft: it was saved, or is not wanted. */
export function dropDraft(key: string): void {
  here.delete(key);
  known.delete(key);
  unwrite(key);
}

function write(key: string, { text, digest }: Draft, begun: boolean): boolean {
  const value = JSON.stringify({ text, digest, at: Date.now() });
  try {
    const others = begun ? oldestFirst(key) : [];
    for (const oldest of others.slice(0, Math.max(0, others.length + 1 - DRAFTS_MAX))) unwrite(oldest);
    for (;;) {
      try {
        localStorage.setItem(PREFIX + key, value);
        return true;
      } catch {
        // No room: the oldest of the others makes some.
        const oldest = oldestFirst(key)[0];
        if (oldest === undefined) return false;
        unwrite(oldest);
      }
    }
  } catch {
    return false;
  }
}

function unwrite(key: string): void {
  try {
    localStorage.removeItem(PREFIX + key);
    if (!here.has(key)) known.delete(key);
  } catch {
    // Where there is no storage, there is nothing in it.
  }
}

function stored(key: string): (Draft & { at: number }) | undefined {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(PREFIX + key) ?? 'null');
    return isStored(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function isStored(value: unknown): value is Draft & { at: number } {
  if (typeof value !== 'object' || value === null) return false;
  const { text, digest, at } = value as Record<string, unknown>;
  return typeof text === 'string' && typeof digest === 'string' && typeof at === 'number';
}

/** Keys of the drafts, but one, in the storage, the one first that was typed in longest ago. */
function oldestFirst(but?: string): string[] {
  return Array.from({ length: localStorage.length }, (_, at) => localStorage.key(at) ?? '')
    .filter((name) => name.startsWith(PREFIX) && name.slice(PREFIX.length) !== but)
    .map((name) => name.slice(PREFIX.length))
    .map((key) => ({ key, at: stored(key)?.at ?? 0 }))
    .sort((one, other) => one.at - other.at)
    .map(({ key }) => key);
}
