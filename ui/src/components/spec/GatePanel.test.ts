import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, expect, it } from 'vitest';

import type { PlanView } from '../../lib/api';
import { CallError } from '../../lib/platform';
import type { SpecsView } from '../../lib/state/specs.svelte';
import GatePanel from './GatePanel.svelte';

afterEach(cleanup);

const error = new CallError({ code: 'unreadable', message: 'The plan cannot be made.', hint: null });
const plan = { spec: 'refunds', missing: 'The spec has mistakes.', cases: 0, asks_max: 0, reused: 0, budget: '', criteria: [], totals: [], notes: [] } as unknown as PlanView;
const panel = (spec: string): void => {
  render(GatePanel, { view: { spec, side: 'gate', plan: { value: plan, error } } as unknown as SpecsView });
};

it('a plan that cannot be made again stays, and the refusal is shown', () => {
  panel('refunds');
  expect([screen.getByRole('alert').textContent.includes('The plan cannot be made.'), screen.queryByTestId('plan')]).toEqual([true, expect.anything()]);
});

it('a plan of another spec does not stand in for one that cannot be made', () => {
  panel('tone');
  expect([screen.queryByRole('alert'), screen.queryByTestId('plan')]).toEqual([expect.anything(), null]);
});
