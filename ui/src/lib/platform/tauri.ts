// The desktop app as host. The only file that knows Tauri.

import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';

import { CallError, type Host } from './host';

/** Name of the one command and of the one event, as `src-tauri/src/command.rs` registers them. */
const CALL = 'call';
const EVENT = 'happened';

export function tauriHost(): Host {
  return {
    async call(name, args) {
      try {
        return await invoke(CALL, { name, args });
      } catch (thrown) {
        throw CallError.from(thrown);
      }
    },
    listen(heard, deaf) {
      const stop = listen(EVENT, (event) => heard(event.payload));
      stop.catch(deaf);
      return () => void stop.then((stopped) => stopped(), () => undefined);
    },
  };
}
