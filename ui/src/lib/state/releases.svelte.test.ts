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

it('while one act of an environment is under way another one waits, and says so', async () => {
  const settling = view.settle('prod');
  await vi.waitFor(() => expect(host.asked('settle')).toHaveLength(1));
  expect([view.waits('promote', 'prod'), view.waits('promote', 'staging')]).toEqual(['Something else is still under way', null]);
  await view.ask('promote', 'prod');
  expect([view.asked, toasts.shown.map(({ title }) => title)]).toEqual([null, ['Something else is still under way']]);
  settle({ environments: [] });
  await settling;
  expect(view.waits('promote', 'prod')).toBeNull();
});

it('the way back does not wait for a release that is under way', async () => {
  host.answers.promote_preview = () => ({ environment: 'prod', to: { id: 'v2' }, seen: 's', needs: 'nothing', refusals: [] });
  host.answers.promote = () => new Promise(() => undefined);
  await view.ask('promote', 'prod');
  void view.confirm();
  await vi.waitFor(() => expect(host.asked('promote')).toHaveLength(1));
  await view.ask('rollback', 'prod');
  expect(view.asked).toMatchObject({ act: 'rollback', preview: { environment: 'prod' } });
});

it('a question that a later one has overtaken is not put', async () => {
  let late: (preview: unknown) => void = () => undefined;
  host.answers.promote_preview = () => new Promise((done) => (late = done));
  const asking = view.ask('promote', 'staging');
  await view.ask('rollback', 'prod');
  late({ environment: 'staging', needs: 'nothing', refusals: [] });
  await asking;
  expect(view.asked).toMatchObject({ act: 'rollback', preview: { environment: 'prod' } });
});
