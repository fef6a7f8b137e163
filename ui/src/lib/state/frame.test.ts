import { beforeEach, describe, expect, it, vi } from 'vitest';

import { TestHost } from '../../../tests/host';
import type { Damage, Workspace } from '../api';
import { frame } from './frame.svelte';
import { go, route } from './route.svelte';
import { toasts } from './toasts.svelte';

const host = new TestHost();
vi.mock('../platform', async (original) => ({ ...(await original<object>()), host: () => Promise.resolve(host) }));

const folder = (path: string, { trusted = true, errors = 0 } = {}): Workspace => ({ path, errors, trust: { trusted } }) as Workspace;
/** What the core has open. */
let opened: Workspace | null;
let damaged: Damage | null;

host.answers = {
  about: () => ({ name: 'Gatewright', version: '1', system: '' }),
  workspace_state: () => ({ workspace: opened, damaged }),
  workspace_open: ({ path }) => (opened = folder(path)),
};
opened = folder('/one');
damaged = null;
// Begun once, as a page is; each test then begins with a folder that is open.
frame.begin();

beforeEach(async () => {
  opened = folder('/one');
  damaged = null;
  host.tell({ kind: 'workspace_changed' });
  await vi.waitFor(() => expect([frame.ready, frame.workspace?.path]).toEqual([true, '/one']));
  go('verdict', { verdict: 'sha256:one', case: 'a' });
});

describe('another folder', () => {
  it('is shown from its own beginning: the address of the former one means nothing in it', async () => {
    await frame.open('/two');
    expect([frame.workspace?.path, route.screen, route.params]).toEqual(['/two', 'home', {}]);
  });

  it('is shown so as well when somebody else opened it', async () => {
    opened = folder('/two');
    host.tell({ kind: 'workspace_changed' });
    await vi.waitFor(() => expect(frame.workspace?.path).toBe('/two'));
    expect([route.screen, route.params]).toEqual(['home', {}]);
  });

  it('is looked at first when it is not trusted', async () => {
    opened = folder('/two', { trusted: false });
    host.tell({ kind: 'workspace_changed' });
    await vi.waitFor(() => expect(frame.workspace?.path).toBe('/two'));
    expect([route.screen, route.params]).toEqual(['trust', {}]);
  });

  it('stays when an answer about the former one comes late', async () => {
    let late: (answer: unknown) => void = () => undefined;
    const answer = host.answers.workspace_state;
    host.answers.workspace_state = () => new Promise((done) => (late = done));
    host.tell({ kind: 'workspace_changed' });
    await vi.waitFor(() => expect(host.asked('workspace_state').length).toBeGreaterThan(1));
    await frame.open('/two');
    if (answer) host.answers.workspace_state = answer;
    const seen = vi.spyOn(frame, 'take');
    late({ workspace: folder('/one'), damaged: null });
    await new Promise((done) => setTimeout(done));
    expect([frame.workspace?.path, seen.mock.calls]).toEqual(['/two', []]);
  });
});

it('what is looked at stays when the same folder is opened again or asked about', async () => {
  await frame.open('/one');
  host.tell({ kind: 'specs_changed', files: [] });
  await new Promise((done) => setTimeout(done));
  expect([route.screen, route.params['case']]).toEqual(['verdict', 'a']);
});

it('what is asked for while something else is under way is refused in words', async () => {
  let over: () => void = () => undefined;
  const first = frame.while('verify', () => new Promise<void>((done) => (over = done)));
  const other = vi.fn().mockResolvedValue(undefined);
  await frame.while('verify', other);
  expect(toasts.shown).toEqual([]);
  await frame.while('settle', other);
  expect([toasts.shown.map(({ title }) => title), other.mock.calls]).toEqual([['Something else is still under way'], []]);
  over();
  await first;
  await frame.while('settle', other);
  expect(other).toHaveBeenCalledOnce();
});
