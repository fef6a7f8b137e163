// The time, for words such as `12 s ago`: one clock for the page, no faster than a person reads.

const STEP_MS = 5_000;

let at = $state(Date.now());
setInterval(() => (at = Date.now()), STEP_MS);

/** The time in milliseconds since the epoch, as of the last step. */
export function now(): number {
  return at;
}
