import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, expect, it, vi } from 'vitest';

import { TestHost } from '../../../tests/host';
import type { Trust as TrustState } from '../../lib/api';
import Trust from './Trust.svelte';

const host = new TestHost();
vi.mock('../../lib/platform', async (original) => ({ ...(await original<object>()), host: () => Promise.resolve(host) }));
afterEach(cleanup);

it('the safe way has the focus once: a list that is read again leaves it where it is', async () => {
  const item = { id: 1, sort: 'program', lead: 'runs', what: 'agent.sh', purpose: '', explanation: '', place: null, change: 'new', diff: [] };
  host.answers = { trust_preview: () => ({ trusted: false, digest: 'd', sentence: '', detail: '', command: '', notes: [], items: [item] }) as unknown as TrustState };
  render(Trust);
  await vi.waitFor(() => expect(document.activeElement?.textContent).toContain('Stay untrusted'));
  const row = screen.getByRole('button', { name: /agent\.sh/ });
  row.focus();
  host.tell({ kind: 'specs_changed', files: [] });
  await vi.waitFor(() => expect(host.asked('trust_preview')).toHaveLength(2));
  await new Promise((done) => setTimeout(done));
  expect(document.activeElement).toBe(row);
});
