import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { TestHost } from '../../../tests/host';
import type { Run as RunState } from '../../lib/api';
import { ROW_PX } from '../../lib/state/run.svelte';
import Run from './Run.svelte';

const host = new TestHost();
vi.mock('../../lib/platform', async (original) => ({ ...(await original<object>()), host: () => Promise.resolve(host) }));

const TOTAL = 5_000;
let run: string;
let over: string | null;
const state = (): RunState => ({
  run, phase: over === null ? 'running' : 'ended', sentence: 'Asking', detail: '', specs: over === null ? [] : [spec(over)], egress: [], trouble: null, address: '', version: { id: 'v', short: 'v', label: null },
  rows: { all: TOTAL, failed: TOTAL, agent_errors: 0, missing: 0, baseline: 0 },
  progress: { asked: 0, asked_max: 1, heard: 0, retried: 0, in_flight: 0, concurrency: 1, cost: null, left_low_ms: null, left_high_ms: null },
}) as unknown as RunState;
/** A spec of the run that was judged. */
const spec = (verdict: string): unknown => ({ spec: 's', verdict, outcome: 'pass', counts: { missing: 0, not_judged: 0 }, criteria: [], notes: [] });
const places = (): number[] => [...document.querySelectorAll('tr[aria-rowindex]')].map((row) => Number(row.getAttribute('aria-rowindex')));

beforeEach(async () => {
  run = 'one';
  over = null;
  host.answers = {
    run_state: () => ({ run: state() }),
    run_rows: ({ offset, limit }) => ({
      offset, total: TOTAL,
      rows: Array.from({ length: limit }, (_, at) => ({ trial: offset + at, case: 'a', spec: 's', round: 1, state: 'failed', score: 0, latency_ms: 1, cost: null, excerpt: '', calls: false })),
    }),
  };
  render(Run);
  await vi.waitFor(() => expect(places()[0]).toBe(1));
  const scroller = screen.getByTestId('run-rows');
  scroller.scrollTop = 3_000 * ROW_PX;
  await fireEvent.scroll(scroller);
  await vi.waitFor(() => expect(places()).toContain(3_001));
});
afterEach(cleanup);

it('another choice of answers begins at its top', async () => {
  await fireEvent.click(screen.getByTestId('rows-failed'));
  await vi.waitFor(() => expect(places()[0]).toBe(1));
  expect(screen.getByTestId('run-rows').scrollTop).toBe(0);
});

it('another run begins at its top', async () => {
  run = 'two';
  host.tell({ kind: 'run_moved', run, ended: false });
  await vi.waitFor(() => expect(host.asked('run_rows').at(-1)).toMatchObject({ run: 'two', offset: 0 }));
  await vi.waitFor(() => expect(places()[0]).toBe(1));
  expect(screen.getByTestId('run-rows').scrollTop).toBe(0);
});

it('a run that moves on stays where it is looked at', async () => {
  const before = host.asked('run_rows').length;
  host.tell({ kind: 'run_moved', run, ended: false });
  await vi.waitFor(() => expect(host.asked('run_rows').length).toBeGreaterThan(before));
  expect(places()).toContain(3_001);
});

it('the focus is at the verdict when the run ends that it was to be cancelled at', async () => {
  screen.getByTestId('run-cancel').focus();
  over = 'sha256:ab';
  host.tell({ kind: 'run_moved', run, ended: true });
  await vi.waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('run-verdict')));
});

it('the focus stays where it is when a run ends meanwhile', async () => {
  screen.getByTestId('rows-all').focus();
  over = 'sha256:ab';
  host.tell({ kind: 'run_moved', run, ended: true });
  await screen.findByTestId('run-verdict');
  await new Promise((done) => setTimeout(done));
  expect(document.activeElement).toBe(screen.getByTestId('rows-all'));
});
