import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { createRawSnippet, flushSync } from 'svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';

import Button from './Button.svelte';
import GateBar from './GateBar.svelte';
import Ladder from './Ladder.svelte';
import Said from './Said.svelte';
import StepButton from './StepButton.svelte';
import VerdictBadge from './VerdictBadge.svelte';
import VersionChip from './VersionChip.svelte';
import type { VersionRef } from '../../lib/api';
import { frame } from '../../lib/state/frame.svelte';
import { dismiss, toasts } from '../../lib/state/toasts.svelte';

afterEach(cleanup);

const text = (words: string) => createRawSnippet(() => ({ render: () => `<span>${words}</span>` }));

describe('what an agent said', () => {
  it('never becomes markup', () => {
    const said = '<img src=x onerror="alert(1)"> [click](javascript:alert(1)) <script>alert(2)</script>';
    const { container } = render(Said, { text: said });
    expect(container.querySelector('img, script, a')).toBeNull();
    expect(container.querySelector('.said')?.textContent.trim()).toBe(said);
  });

  it('shows what would not be seen, with its name', () => {
    const { container } = render(Said, { text: 'to \u202elive\u202c' });
    expect([...container.querySelectorAll('.hid')].map((each) => each.getAttribute('title'))).toEqual([
      'right-to-left override U+202E', 'pop directional formatting U+202C',
    ]);
    expect(container.textContent).not.toContain('\u202e');
  });

  it('is folded when it is long, and opened on demand', async () => {
    const { container } = render(Said, { text: 'x'.repeat(5000) });
    expect(container.querySelector('.said')?.textContent.length).toBeLessThan(1300);
    await fireEvent.click(screen.getByRole('button', { name: 'Show all 5,000 characters' }));
    expect(container.querySelector('.said')?.textContent.trim()).toHaveLength(5000);
  });

  it('says how much the core left out, and that nothing is nothing', () => {
    render(Said, { text: '', leftOut: 12_000 });
    expect(screen.getByText('12,000 more characters are kept in the record.')).toBeTruthy();
    expect(screen.getByText('Nothing was said.')).toBeTruthy();
  });
});

describe('a button that cannot be pressed', () => {
  it('stays in reach, says why, and does nothing', async () => {
    const pressed = vi.fn();
    render(Button, { children: text('Promote v13'), why: 'blocked by refunds', onclick: pressed });
    const button = screen.getByRole('button', { name: 'Promote v13' });
    expect(button.hasAttribute('disabled')).toBe(false);
    expect(button.getAttribute('aria-disabled')).toBe('true');
    expect(button.getAttribute('title')).toBe('blocked by refunds');
    await fireEvent.click(button);
    expect(pressed).not.toHaveBeenCalled();
  });

  it('does not act twice while it is busy', async () => {
    const pressed = vi.fn();
    const { rerender } = render(Button, { children: text('Run'), busy: true, onclick: pressed });
    await fireEvent.click(screen.getByRole('button'));
    expect(pressed).not.toHaveBeenCalled();
    await rerender({ busy: false });
    await fireEvent.click(screen.getByRole('button'));
    expect(pressed).toHaveBeenCalledOnce();
  });
});

describe('the id of a version', () => {
  const version: VersionRef = { id: 'sha256:abcd', short: 'abcd', label: 'v1', grade: 'sent', dirty: false };
  afterEach(() => Reflect.deleteProperty(document, 'execCommand'));

  for (const [lets, title] of [[true, 'Copied'], [false, 'The whole id']] as const) {
    it(`is copied the older way where the web view withholds the newer one, or else told: ${title}`, async () => {
      document.execCommand = vi.fn().mockReturnValue(lets);
      render(VersionChip, { version });
      await fireEvent.click(screen.getByRole('button', { name: /v1/ }));
      await vi.waitFor(() => expect(toasts.shown.at(-1)).toMatchObject({ title, detail: 'sha256:abcd' }));
      for (const { id } of toasts.shown) dismiss(id);
    });
  }
});

it('a step shows that what it began is still going on, and does not begin it twice', async () => {
  const begun = vi.spyOn(frame, 'while').mockResolvedValue(undefined);
  render(StepButton, { step: { label: 'Check now', detail: null, disabled: null, to: { kind: 'settle', environment: 'prod' } } });
  await fireEvent.click(screen.getByRole('button'));
  frame.busy = 'settle';
  flushSync();
  await fireEvent.click(screen.getByRole('button'));
  frame.busy = null;
  expect(begun).toHaveBeenCalledOnce();
});

describe('a verdict', () => {
  it('is a word beside a shape, and a colour only as a class', () => {
    const { container } = render(VerdictBadge, { mark: 'undecided', word: 'Undecided' });
    expect(container.textContent.trim()).toBe('Undecided');
    expect(container.querySelector('.verdict.inconclusive svg[aria-hidden="true"]')).not.toBeNull();
  });

  it('is read out with its bound, target and floor', () => {
    render(GateBar, { tone: 'fail', bar: { value: 0.809, low: 0.746, high: 0.887, target: 0.9, floor: 0.8 } });
    expect(screen.getByRole('img', { name: '0.809, bound 0.746 to 0.887, target 0.90, floor 0.80' })).toBeTruthy();
  });

  it('shows no bound that it does not have', () => {
    const { container } = render(GateBar, { tone: 'unknown', bar: { value: null, low: null, high: null, target: 0.9, floor: 0.8 } });
    expect(container.querySelector('.ci, .v')).toBeNull();
    expect(container.querySelector('.target')).not.toBeNull();
  });
});

it('a ladder says of each rung whether it was reached, and where it ends', () => {
  render(Ladder, { rungs: [{ name: 'pointer', mark: 'pass', note: null }, { name: 'served', mark: 'unknown', note: null }], note: 'nothing proves more' });
  const rungs = screen.getAllByRole('listitem');
  expect(rungs.map((rung) => rung.textContent.trim())).toEqual(['pointer', 'served', 'nothing proves more']);
  expect(screen.getByRole('img', { name: 'reached' })).toBeTruthy();
  expect(screen.getByRole('img', { name: 'unknown' })).toBeTruthy();
});
