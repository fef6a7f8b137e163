// Which host shows this page. Everything else asks here and knows neither.

import type { Host } from './host';

export { CallError, type Host } from './host';

let found: Promise<Host> | undefined;

/** The host; found once. */
export function host(): Promise<Host> {
  found ??=
    '__TAURI_INTERNALS__' in window
      ? import('./tauri').then((module) => module.tauriHost())
      : import('./browser').then((module) => module.browserHost());
  return found;
}
