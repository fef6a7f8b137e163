// Short messages about what became true. Each rests while it is looked at.

import type { Mark, Step } from '../api';

/** How long a message stays, in milliseconds. */
const STAY_MS = 8_000;
/** Messages that wait in the pile. */
const PILE_MAX = 4;

/** A message. */
export interface Toast {
  id: number;
  mark: Mark;
  title: string;
  detail: string | null;
  step: Step | null;
}

export const toasts = $state<{ shown: Toast[] }>({ shown: [] });

let last = 0;
const timers = new Map<number, ReturnType<typeof setTimeout>>();

/** Shows a message. */
export function tell(message: { mark: Mark; title: string; detail?: string | null; step?: Step | null }): void {
  last += 1;
  const id = last;
  for (const old of toasts.shown.slice(0, Math.max(0, toasts.shown.length + 1 - PILE_MAX))) dismiss(old.id);
  toasts.shown.push({ id, mark: message.mark, title: message.title, detail: message.detail ?? null, step: message.step ?? null });
  wake(id);
}

/** Shows why a call was refused. */
export function tellRefusal(error: { message: string; hint: string | null }): void {
  tell({ mark: 'trouble', title: error.message, detail: error.hint });
}

/** Keeps a message while it is looked at. */
export function rest(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
}

/** Lets a message go in its time. */
export function wake(id: number): void {
  rest(id);
  timers.set(id, setTimeout(() => dismiss(id), STAY_MS));
}

/** Takes a message away. */
export function dismiss(id: number): void {
  rest(id);
  toasts.shown = toasts.shown.filter((toast) => toast.id !== id);
}
