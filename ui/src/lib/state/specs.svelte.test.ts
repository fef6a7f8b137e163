import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { TestHost } from '../../../tests/host';
import type { Source, Workspace } from '../api';
import { TEXT_MAX } from './drafts.svelte';
import { frame } from './frame.svelte';
import { look } from './route.svelte';
import { SpecsView } from './specs.svelte';
import { dismiss, toasts } from './toasts.svelte';

let host: TestHost;
vi.mock('../platform', async (original) => ({ ...(await original<object>()), host: () => Promise.resolve(host) }));

/** What lies on disk: its text is its digest. */
let disk: Record<string, string>;
const source = (file: string): Source => ({ file, text: disk[file], digest: disk[file], diagnostics: [] }) as unknown as Source;
const settled = async (): Promise<void> => {
  await new Promise((done) => setTimeout(done));
  flushSync();
};

let stop: () => void;
let view: SpecsView;

beforeEach(async () => {
  host = new TestHost();
  disk = { a: 'a1', b: 'b1' };
  host.answers = {
    specs: () => ({ specs: [], files: [{ file: 'a', of: null }, { file: 'b', of: null }] }),
    spec_source: ({ file }) => source(file),
    spec_check: () => ({ diagnostics: [{ severity: 'error', message: 'found' }], took_us: 1 }),
    spec_save: ({ file, text, digest }) => {
      if (digest !== disk[file]) throw { code: 'stale', message: `\`${file}\` was changed`, hint: null };
      disk[file] = text;
      return source(file);
    },
  };
  frame.workspace = { path: '/work' } as Workspace;
  look({ file: 'a' });
  stop = $effect.root(() => {
    view = new SpecsView();
  });
  await settled();
});
afterEach(() => {
  for (const file of ['a', 'b']) {
    look({ file });
    flushSync();
    view.revert();
  }
  stop();
  for (const { id } of toasts.shown) dismiss(id);
});

describe('a save', () => {
  it('over somebody else’s edit is refused, and overwrites it when it is asked for again', async () => {
    view.type('mine');
    disk['a'] = 'theirs';
    await view.save();
    expect([disk['a'], view.text, view.source.value?.text]).toEqual(['theirs', 'mine', 'theirs']);
    expect(toasts.shown.at(-1)).toMatchObject({ title: '`a` was changed', detail: expect.stringContaining('Save again to overwrite') });
    await view.save();
    expect([disk['a'], view.typed]).toEqual(['mine', null]);
  });

  it('over it is still a knowing act after another file was looked at', async () => {
    view.type('mine');
    disk['a'] = 'theirs';
    await view.save();
    for (const file of ['b', 'a']) {
      look({ file });
      await settled();
    }
    expect(view.text).toBe('mine');
    await view.save();
    expect(disk['a']).toBe('mine');
  });

  it('loses nothing that was typed while it was on, also when another file is open at its end', async () => {
    view.type('first');
    const saving = view.save();
    view.type('second');
    look({ file: 'b' });
    flushSync();
    await saving;
    look({ file: 'a' });
    await settled();
    expect([disk['a'], view.text, view.unsaved('a'), view.unsaved('b')]).toEqual(['first', 'second', true, false]);
    await view.save();
    expect([disk['a'], view.typed, view.unsaved('a')]).toEqual(['second', null, false]);
  });
});

describe('what is typed', () => {
  it('is not checked again because the folder was asked about', async () => {
    view.type('mine');
    await vi.waitFor(() => expect(host.asked('spec_check')).toHaveLength(1));
    await settled();
    frame.workspace = { path: '/work' } as Workspace;
    await settled();
    expect(view.diagnostics).toHaveLength(1);
    expect(host.asked('spec_check')).toHaveLength(1);
  });
});

describe('a text that was not saved', () => {
  /** What a page kept that is closed by now. */
  async function before(draft: { text: string; digest: string }): Promise<void> {
    vi.resetModules();
    const { draftKey, keepDraft } = await import('./drafts.svelte');
    expect(keepDraft(draftKey('/work', 'b'), draft)).toBe(true);
  }

  it('is there when the app is opened again, until it is saved', async () => {
    await before({ text: 'mine', digest: 'b1' });
    look({ file: 'b' });
    await settled();
    expect([view.typed, view.overtaken]).toEqual(['mine', false]);
    await view.save();
    expect([disk['b'], view.typed, localStorage.length]).toEqual(['mine', null, 0]);
  });

  it('says that the file was changed meanwhile, and does not overwrite it unasked', async () => {
    await before({ text: 'mine', digest: 'b0' });
    look({ file: 'b' });
    await settled();
    expect([view.typed, view.overtaken]).toEqual(['mine', true]);
    await view.save();
    expect([disk['b'], view.typed, view.overtaken]).toEqual(['b1', 'mine', false]);
    expect(toasts.shown.at(-1)).toMatchObject({ title: '`b` was changed' });
    view.revert();
    expect([view.text, localStorage.length]).toEqual(['b1', 0]);
  });

  it('says once where it cannot be kept', () => {
    const long = 'x'.repeat(TEXT_MAX);
    for (const more of ['1', '2']) view.type(long + more);
    expect(toasts.shown.map(({ title }) => title)).toEqual(['This text is lost when the app is closed']);
    expect([view.text.length, localStorage.length]).toEqual([TEXT_MAX + 1, 0]);
  });
});

describe('what is wrong with a text', () => {
  it('is not said of the next file that is typed into', async () => {
    let late: (checked: unknown) => void = () => undefined;
    host.answers.spec_check = () => new Promise((done) => (late = done));
    view.type('mine');
    await vi.waitFor(() => expect(host.asked('spec_check')).toHaveLength(1));
    look({ file: 'b' });
    await settled();
    view.type('mine too');
    late({ diagnostics: [{ severity: 'error', message: 'of a' }], took_us: 1 });
    await settled();
    expect(view.diagnostics).toEqual([]);
  });
});

describe('a file that cannot be read', () => {
  beforeEach(() => {
    const answer = host.answers.spec_source;
    host.answers.spec_source = (args) => {
      if (disk[args.file] === undefined) throw { code: 'not_found', message: `\`${args.file}\` is not there`, hint: null };
      return answer?.(args);
    };
  });

  it('is not shown as the one before, and takes no text of it', async () => {
    look({ file: 'gone' });
    flushSync();
    expect(view.shown?.file).toBe('a');
    await settled();
    expect([view.shown, view.source.error?.message]).toEqual([null, '`gone` is not there']);
    view.type('mine');
    await view.save();
    expect([view.typed, host.asked('spec_save')]).toEqual([null, []]);
  });

  it('keeps its text where it was read before, and says so', async () => {
    delete disk['a'];
    await view.source.ask();
    expect([view.shown?.text, view.source.error?.message]).toEqual(['a1', '`a` is not there']);
  });
});
