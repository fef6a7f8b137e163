import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { TestHost } from '../../../tests/host';
import type { Workspace } from '../../lib/api';
import { frame } from '../../lib/state/frame.svelte';
import Home from './Home.svelte';

const host = new TestHost();
vi.mock('../../lib/platform', async (original) => ({ ...(await original<object>()), host: () => Promise.resolve(host) }));
const workspace = (): Workspace => ({ path: '/work', name: 'work', health: [], figures: [] }) as unknown as Workspace;

beforeEach(() => {
  host.called.length = 0;
  host.answers = { recent: () => ({ recents: [] }), timeline: () => ({ points: [] }) };
  frame.workspace = workspace();
});
afterEach(() => {
  cleanup();
  frame.workspace = null;
});

it('the scores are not asked for again because the head of the folder was', async () => {
  render(Home);
  await vi.waitFor(() => expect(host.asked('timeline')).toHaveLength(1));
  for (let moved = 0; moved < 5; moved += 1) {
    frame.workspace = workspace();
    flushSync();
  }
  await new Promise((done) => setTimeout(done));
  expect(host.asked('timeline')).toHaveLength(1);
});

it('a folder in which nothing is to be done is not called well: its newest verdict may be a fail', () => {
  frame.workspace = { ...workspace(), health: [{ mark: 'fail', title: 'refunds: fail', detail: null, fact: null, step: null }] } as unknown as Workspace;
  render(Home);
  expect(screen.getByTestId('health').querySelector('header')?.textContent).toContain('Nothing needs you');
});

it('recent folders that cannot be read are no empty list: it says why, and asks again', async () => {
  host.answers.recent = () => {
    throw { code: 'unreadable', message: 'The list cannot be read.', hint: null };
  };
  render(Home);
  await vi.waitFor(() => expect(screen.getByRole('alert').textContent).toContain('The list cannot be read.'));
  host.answers.recent = () => ({ recents: [] });
  await fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await vi.waitFor(() => expect(screen.queryByRole('alert')).toBeNull());
  expect(screen.getByText('Nothing opened yet')).toBeTruthy();
});
