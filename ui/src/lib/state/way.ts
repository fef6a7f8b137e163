// Where a step leads: a screen, or a command that is asked for at once.

import { type Way, call } from '../api';
import { frame } from './frame.svelte';
import { go } from './route.svelte';
import { tell } from './toasts.svelte';

/** Goes the way of a step. */
export function follow(way: Way): void {
  switch (way.kind) {
    case 'run':
      void frame.run(way.specs, way.new_attempt);
      return;
    case 'source':
      go('specs', { file: way.file, line: way.line === null ? null : String(way.line) });
      return;
    case 'verdict':
      go('verdict', { verdict: way.verdict });
      return;
    case 'compare':
      go('versions', { before: way.before, after: way.after });
      return;
    case 'releases':
      go('releases', { environment: way.environment });
      return;
    case 'settle':
      void frame.while('settle', () => call('settle', { environment: way.environment }));
      return;
    case 'trust':
      go('trust');
      return;
    case 'verify':
      void frame.while('verify', async () => {
        const found = await call('verify');
        tell({ mark: found.holds ? 'pass' : 'fail', title: found.holds ? 'The log holds' : 'The log does not hold', detail: found.sentence });
      });
  }
}
