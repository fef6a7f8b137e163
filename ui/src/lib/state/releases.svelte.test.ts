import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { TestHost } from '../../../tests/host';
import { ReleasesView } from './releases.svelte';
import { dismiss, toasts } from './toasts.svelte';

let host: TestHost;
vi.mock('../platform', async (original) => ({ ...(await original<object>()), host: () => Promise.resolve(host) }));

let stop: () => void;
let view: ReleasesView;
let settle: (status: unknown) => void;

beforeEach(() => {
  host = new TestHost();
  host.answers = {
    status: () => ({ environments: [] }),
    settle: () => new Promise((done) => (settle = done)),
    rollback_preview: () => ({ environment: 'prod', needs: 'nothing', refusals: [] }),
  };
  stop = $effect.root(() => {
    view = new ReleasesView();
  });
});
afterEach(() => {
  stop();
  for (const { id } of toasts.shown) dismiss(id);
});

it('while one act is under way another one waits, and says so', async () => {
  const settling = view.settle('staging');
  await vi.waitFor(() => expect(host.asked('settle')).toHaveLength(1));
  expect(view.waits).toBe('Something else is still under way');
  await view.ask('rollback', 'prod');
  expect([view.asked, toasts.shown.map(({ title }) => title)]).toEqual([null, ['Something else is still under way']]);
  settle({ environments: [] });
  await settling;
  expect(view.waits).toBeNull();
  await view.ask('rollback', 'prod');
  expect(view.asked).toMatchObject({ act: 'rollback', preview: { environment: 'prod' } });
});
