import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { TestHost } from '../tests/host';
import App from './App.svelte';
import type { Workspace } from './lib/api';

let host: TestHost;
vi.mock('./lib/platform', async (original) => ({ ...(await original<object>()), host: () => Promise.resolve(host) }));

const workspace = (): Workspace => ({
  path: '/work', name: 'work', health: [], figures: [], environments: [], errors: 0, trust: { trusted: true, text: 'Trusted' }, watching: { text: 'Watching' },
}) as unknown as Workspace;

beforeEach(() => {
  host = new TestHost();
  host.answers = {
    about: () => ({ name: 'Gatewright', version: '1', system: '' }),
    // Later, as a host answers: asking without end then fails instead of going on for ever.
    workspace_state: () => new Promise((done) => setTimeout(() => done({ workspace: workspace(), damaged: null }))),
    recent: () => ({ recents: [] }),
    timeline: () => ({ points: [] }),
  };
});
afterEach(cleanup);

it('asks once what is open, and again only when something happened', async () => {
  render(App);
  await vi.waitFor(() => expect(screen.getByTestId('health')).toBeTruthy());
  for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setTimeout(done));
  expect([host.asked('workspace_state').length, host.asked('about').length]).toEqual([1, 1]);
  host.tell({ kind: 'workspace_changed' });
  await vi.waitFor(() => expect(host.asked('workspace_state')).toHaveLength(2));
});
