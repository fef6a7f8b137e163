import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { DRAFTS_MAX, TEXT_MAX } from './drafts.svelte';

type Drafts = typeof import('./drafts.svelte');

/** The drafts as a page has them that was just opened. */
async function opened(): Promise<Drafts> {
  vi.resetModules();
  return import('./drafts.svelte');
}

let drafts: Drafts;
beforeEach(async () => {
  localStorage.clear();
  drafts = await opened();
});
afterEach(() => {
  vi.restoreAllMocks();
  localStorage.clear();
});

const draft = (text: string): { text: string; digest: string } => ({ text, digest: `of ${text}` });

it('a draft is there for the next page, with what it was an edit of', async () => {
  expect(drafts.keepDraft('a', draft('mine'))).toBe(true);
  const next = await opened();
  expect([next.draftOf('a'), next.hasDraft('a'), next.hasDraft('b')]).toEqual([expect.objectContaining(draft('mine')), true, false]);
});

it('a draft that was let go of is gone for the next page too', async () => {
  drafts.keepDraft('a', draft('mine'));
  const next = await opened();
  next.dropDraft('a');
  expect([next.draftOf('a'), next.hasDraft('a')]).toEqual([undefined, false]);
  expect((await opened()).draftOf('a')).toBeUndefined();
});

it('of too many, the one goes that was typed in longest ago', async () => {
  const now = vi.spyOn(Date, 'now').mockReturnValue(1);
  for (const key of ['first', 'second']) drafts.keepDraft(key, draft(key));
  now.mockReturnValue(2);
  drafts.keepDraft('first', draft('again'));
  for (let at = 2; at <= DRAFTS_MAX; at += 1) drafts.keepDraft(String(at), draft(String(at)));
  const next = await opened();
  expect(['first', 'second', String(DRAFTS_MAX)].map((key) => next.draftOf(key)?.text)).toEqual(['again', undefined, String(DRAFTS_MAX)]);
  expect(localStorage.length).toBe(DRAFTS_MAX);
});

it('a text that is too long is kept by this page alone, and no older one is taken for it', async () => {
  drafts.keepDraft('a', draft('short'));
  const long = draft('x'.repeat(TEXT_MAX + 1));
  expect(drafts.keepDraft('a', long)).toBe(false);
  expect(drafts.draftOf('a')).toEqual(long);
  expect((await opened()).draftOf('a')).toBeUndefined();
});

it('where there is no room, the oldest make some', async () => {
  for (const key of ['old', 'new']) drafts.keepDraft(key, draft(key));
  const set = Storage.prototype.setItem;
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(function (this: Storage, name, value) {
    if (this.length >= 2) throw new DOMException('full', 'QuotaExceededError');
    set.call(this, name, value);
  });
  expect(drafts.keepDraft('last', draft('last'))).toBe(true);
  const next = await opened();
  expect(['old', 'new', 'last'].map((key) => next.draftOf(key)?.text)).toEqual([undefined, 'new', 'last']);
});

it('a web view without a storage keeps drafts while the page is open', () => {
  for (const name of ['getItem', 'setItem', 'removeItem', 'key'] as const) {
    vi.spyOn(Storage.prototype, name).mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError');
    });
  }
  expect(drafts.keepDraft('a', draft('mine'))).toBe(false);
  expect(drafts.draftOf('a')).toEqual(draft('mine'));
  drafts.dropDraft('a');
  expect(drafts.draftOf('a')).toBeUndefined();
});

it('what is no draft is taken for none', () => {
  localStorage.setItem('draft\na', '{"text":1}');
  localStorage.setItem('draft\nb', 'not JSON');
  expect([drafts.draftOf('a'), drafts.draftOf('b')]).toEqual([undefined, undefined]);
});
