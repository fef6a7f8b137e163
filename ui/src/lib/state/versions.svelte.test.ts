import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { TestHost } from '../../../tests/host';
import { go, look } from './route.svelte';
import { VersionsView } from './versions.svelte';

const host = new TestHost();
vi.mock('../platform', async (original) => ({ ...(await original<object>()), host: () => Promise.resolve(host) }));

let stop: () => void;
let view: VersionsView;
const settled = async (): Promise<void> => {
  await new Promise((done) => setTimeout(done));
  flushSync();
};
const asked = (): number[] => [host.asked('timeline').length, host.asked('heat_map').length, host.asked('version').length];

beforeEach(async () => {
  host.called.length = 0;
  host.answers = {
    timeline: () => ({ points: ['v1', 'v2'].map((id) => ({ version: { id } })) }),
    heat_map: () => ({}),
    version: ({ version }) => ({ head: { version: { id: version } } }),
  };
  go('versions', { spec: 'refunds' });
  stop = $effect.root(() => {
    view = new VersionsView();
  });
  await settled();
  await settled();
});
afterEach(() => stop());

it('another version is looked at without asking for the timeline and the cases again', async () => {
  expect([asked(), view.selected]).toEqual([[1, 1, 1], 1]);
  view.select(0);
  await settled();
  expect([asked(), view.selected]).toEqual([[1, 1, 2], 0]);
});

it('another spec has another timeline and other cases', async () => {
  look({ spec: 'tone' });
  await settled();
  expect(host.asked('timeline').at(-1)).toMatchObject({ spec: 'tone' });
  expect(host.asked('heat_map').at(-1)).toMatchObject({ spec: 'tone' });
});

it('a version that waits for another one does not wait in another spec', async () => {
  view.compare(0);
  expect(view.held).toBe('v1');
  look({ version: 'v2' });
  await settled();
  expect(view.held).toBe('v1');
  look({ spec: 'tone' });
  await settled();
  expect(view.held).toBeNull();
});

it('a comparison is made again when there is another verdict', async () => {
  host.answers.compare = ({ before, after }) => ({ before, after, made: host.asked('compare').length });
  look({ before: 'v1', after: 'v2' });
  flushSync();
  await vi.waitFor(() => expect(view.comparison.value).toMatchObject({ after: 'v2', made: 1 }));
  host.tell({ kind: 'verdict_given', verdict: 'sha256:ab', spec: 'refunds' });
  await vi.waitFor(() => expect(view.comparison.value).toMatchObject({ after: 'v2', made: 2 }));
});
