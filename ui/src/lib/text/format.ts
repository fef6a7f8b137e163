// Numbers, money and times for people. Formatting only: what a number means was said by the core.

import type { Money, VersionRef } from '../api';

const MINUS = '−';

/** A rate with its digits and a true minus: `0.81`, `−0.12`. */
export function rate(value: number, digits = 2): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/** A share as so many in 100, with one decimal where there is one: `4.2`, `61`, `< 0.1`. */
export function in100(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.05) return '< 0.1';
  return trimmed(value);
}

/** A whole number with separators: `1,052`. */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

const UNITS: Record<string, string> = { USD: '$', EUR: '€', GBP: '£', JPY: '¥' };

/** An amount: two digits, four below a cent: `$0.22`, `$0.0021`, `CHF 0.40`. Sentences of the core write it so too. */
export function money(amount: Money): string {
  const units = Math.abs(amount.micros) / 1e6;
  const digits = units !== 0 && units < 0.01 ? 4 : 2;
  const number = units.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${amount.micros < 0 ? MINUS : ''}${UNITS[amount.currency] ?? `${amount.currency}\u00a0`}${number}`;
}

/** A length of time in one unit: `412 ms`, `0.94 s`, `14 s`, `2 min`, `1.5 h`, `3 days`. */
export function duration(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  const minutes = seconds / 60;
  if (minutes < 99.5) return `${Math.round(minutes)} min`;
  const hours = minutes / 60;
  if (hours < 47.5) return `${trimmed(hours)} h`;
  return `${Math.round(hours / 24)} days`;
}

/** A measured time in milliseconds: `6 ms`, `1,052 ms`. */
export function measured(us: number): string {
  const ms = us / 1000;
  return `${ms < 10 ? trimmed(ms) : count(ms)} ms`;
}

/** What is left: `40 s to 2 min`; one value where both ends read the same. */
export function left(low: number | null, high: number | null): string {
  if (low === null || high === null) return 'not known yet';
  // An estimate has no hundredths.
  const about = (ms: number): string => duration(ms < 10_000 ? Math.max(1000, Math.round(ms / 1000) * 1000) : ms).replace('.00', '');
  const [from, to] = [about(low), about(high)];
  return from === to ? from : `${from} to ${to}`;
}

/** A moment: the time today, else day and time, with the year when it is another. */
export function when(ms: number, now = Date.now()): string {
  const at = new Date(ms);
  const today = new Date(now);
  const time = at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  if (at.toDateString() === today.toDateString()) return time;
  return `${day(ms, now)} ${time}`;
}

/** A day: `12 Nov`, with the year when it is another. */
export function day(ms: number, now = Date.now()): string {
  const at = new Date(ms);
  const year = at.getFullYear() === new Date(now).getFullYear() ? {} : ({ year: 'numeric' } as const);
  return at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...year });
}

/** How long ago, in words: `now`, `12 s ago`, `2 min ago`; a moment for what is older than a day. */
export function ago(ms: number, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - ms) / 1000));
  if (seconds < 2) return 'now';
  if (seconds < 100) return `${seconds} s ago`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min ago`;
  const hours = Math.round(minutes / 60);
  return hours < 24 ? `${hours} h ago` : when(ms, now);
}

/** A version's name where one word must do. */
export function versionName(version: VersionRef): string {
  return version.label ?? version.short;
}

/** `1 case`, `2 cases`. */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

function trimmed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}
