// Short messages about what became true. All of them rest while one is looked at.

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

export const toasts = $state<{
  /** All that there are, the newest last. */
  shown: Toast[];
  /** The one that is looked at: none that comes meanwhile takes its place, so nothing is hit that was not meant. */
  held: number | null;
}>({ shown: [], held: null });

/** The message on top: the one that is looked at, else the newest. */
export function onTop(): Toast | undefined {
  return toasts.shown.find(({ id }) => id === toasts.held) ?? toasts.shown.at(-1);
}

let last = 0;
const timers = new Map<number, ReturnType<typeof setTimeout>>();

/** By what the messages are looked at. */
type Gaze = 'pointer' | 'focus';
const gazes = new Set<Gaze>();

/** Shows a message. */
export function tell(message: { mark: Mark; title: string; detail?: string | null; step?: Step | null }): void {
  last += 1;
  const id = last;
  const others = toasts.shown.filter((toast) => toast.id !== toasts.held);
  for (const old of others.slice(0, Math.max(0, toasts.shown.length + 1 - PILE_MAX))) dismiss(old.id);
  toasts.shown.push({ id, mark: message.mark, title: message.title, detail: message.detail ?? null, step: message.step ?? null });
  if (gazes.size === 0) start(id);
}

/** Shows why a call was refused. */
export function tellRefusal(error: { message: string; hint: string | null }): void {
  tell({ mark: 'trouble', title: error.message, detail: error.hint });
}

/** Something was asked for while another thing was under way. */
export const BUSY = { mark: 'plain', title: 'Something else is still under way', detail: 'One thing at a time: ask again when it is over.' } as const;

/** Keeps the messages while they are looked at. */
export function rest(gaze: Gaze): void {
  gazes.add(gaze);
  toasts.held = onTop()?.id ?? null;
  for (const { id } of toasts.shown) halt(id);
}

/** Lets the messages go in their time, once nothing looks at them any more. */
export function wake(gaze: Gaze): void {
  gazes.delete(gaze);
  if (gazes.size > 0) return;
  toasts.held = null;
  for (const { id } of toasts.shown) start(id);
}

/** Takes a message away. */
export function dismiss(id: number): void {
  halt(id);
  toasts.shown = toasts.shown.filter((toast) => toast.id !== id);
  // What is gone from the page says of no pointer and no focus that it left.
  if (toasts.shown.length === 0) gazes.clear();
  // Where one is dismissed, the next lies there and is looked at.
  if (toasts.held === id) toasts.held = gazes.size > 0 ? (onTop()?.id ?? null) : null;
}

function start(id: number): void {
  halt(id);
  timers.set(id, setTimeout(() => dismiss(id), STAY_MS));
}

function halt(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
}
