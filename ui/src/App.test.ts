import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { TestHost } from '../tests/host';
import App from './App.svelte';
import type { Workspace } from './lib/api';
import { stream } from './lib/state/resource.svelte';

const host = new TestHost();
vi.mock('./lib/platform', async (original) => ({ ...(await original<object>()), host: () => Promise.resolve(host) }));

const workspace = (): Workspace => ({
  path: '/work', name: 'work', health: [], figures: [], environments: [], errors: 0, trust: { trusted: true, text: 'Trusted' }, watching: { text: 'Watching' },
}) as unknown as Workspace;

beforeEach(() => {
  host.called.length = 0;
  host.answers = {
    about: () => ({ name: 'Gatewright', version: '1', system: '' }),
    // Later, as a host answers: asking without end then fails instead of going on for ever.
    workspace_state: () => new Promise((done) => setTimeout(() => done({ workspace: workspace(), damaged: null }))),
    recent: () => ({ recents: [] }),
    timeline: () => ({ points: [] }),
  };
});
afterEach(() => {
  cleanup();
  stream.broken = undefined;
});

it('asks once what is open, and again only when something happened', async () => {
  render(App);
  await vi.waitFor(() => expect(screen.getByTestId('health')).toBeTruthy());
  for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setTimeout(done));
  expect([host.asked('workspace_state').length, host.asked('about').length]).toEqual([1, 1]);
  host.tell({ kind: 'workspace_changed' });
  await vi.waitFor(() => expect(host.asked('workspace_state')).toHaveLength(2));
});

it('says on every screen that changes are not heard of, and what to do', async () => {
  render(App);
  await vi.waitFor(() => expect(screen.getByTestId('health')).toBeTruthy());
  host.deafen(new Error('the event is not allowed'));
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toContain('What changes is not shown by itself');
  expect(alert.textContent).toContain('Close Gatewright and open it again. The app cannot be heard: the event is not allowed');
  expect(screen.getByTestId('health')).toBeTruthy();
});
