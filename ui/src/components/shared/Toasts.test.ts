import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { Step } from '../../lib/api';
import { dismiss, tell, toasts } from '../../lib/state/toasts.svelte';
import Toasts from './Toasts.svelte';

const LONG_MS = 60_000;
const titles = (): string[] => toasts.shown.map(({ title }) => title);
const toast = (): HTMLElement => screen.getByTestId('toast');
const pass = (): void => {
  vi.advanceTimersByTime(LONG_MS);
  flushSync();
};

beforeEach(() => {
  vi.useFakeTimers();
  render(Toasts);
  tell({ mark: 'plain', title: 'first' });
  flushSync();
});
afterEach(() => {
  for (const { id } of toasts.shown) dismiss(id);
  cleanup();
  vi.useRealTimers();
});

it('messages go by themselves', () => {
  pass();
  expect(titles()).toEqual([]);
});

it('messages stay until neither the pointer nor the focus is at them', async () => {
  await fireEvent.mouseEnter(toast());
  await fireEvent.focusIn(toast());
  await fireEvent.mouseLeave(toast());
  pass();
  expect(titles()).toEqual(['first']);
  await fireEvent.focusOut(toast());
  pass();
  expect(titles()).toEqual([]);
});

it('a message that comes while another is looked at waits below it, and then lies on top', async () => {
  await fireEvent.mouseEnter(toast());
  tell({ mark: 'plain', title: 'second' });
  flushSync();
  pass();
  expect([titles(), toast().textContent]).toEqual([['first', 'second'], expect.stringContaining('first')]);
  await fireEvent.mouseLeave(toast());
  expect(toast().textContent).toContain('second');
  pass();
  expect(titles()).toEqual([]);
});

it('many that come take the place of none that is looked at, and one that is dismissed shows the next', async () => {
  await fireEvent.mouseEnter(toast());
  for (const title of ['second', 'third', 'fourth', 'fifth']) tell({ mark: 'plain', title });
  flushSync();
  expect([titles(), toast().textContent]).toEqual([['first', 'third', 'fourth', 'fifth'], expect.stringContaining('first')]);
  await fireEvent.click(screen.getByRole('button', { name: 'Dismiss, and show the next' }));
  tell({ mark: 'plain', title: 'sixth' });
  flushSync();
  expect(toast().textContent).toContain('fifth');
});

it('the next message goes by itself after the last one was dismissed under the pointer', async () => {
  await fireEvent.mouseEnter(toast());
  await fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
  tell({ mark: 'plain', title: 'next' });
  flushSync();
  pass();
  expect(titles()).toEqual([]);
});

it('the messages below go by themselves after a step was taken with the keys', () => {
  const step: Step = { label: 'See it', detail: null, disabled: null, to: { kind: 'trust' } };
  tell({ mark: 'plain', title: 'second', step });
  flushSync();
  const button = screen.getByRole('button', { name: 'See it' });
  button.focus();
  button.click();
  flushSync();
  expect(titles()).toEqual(['first']);
  pass();
  expect(titles()).toEqual([]);
});
