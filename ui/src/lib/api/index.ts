// The commands of the core, typed. Every call of the interface goes through here.

import { CallError, host } from '../platform';
import type { Commands, Event } from './generated/contract';

export { CallError } from '../platform';
export type * from './generated/contract';

/** Names of commands. */
export type CommandName = keyof Commands;

/** Commands that take no arguments. */
type Bare = { [Name in CommandName]: keyof Commands[Name]['args'] extends symbol ? Name : never }[CommandName];

/** Calls a command. Throws a {@link CallError}. */
export function call<Name extends Bare>(name: Name): Promise<Commands[Name]['result']>;
export function call<Name extends CommandName>(name: Name, args: Commands[Name]['args']): Promise<Commands[Name]['result']>;
export async function call(name: CommandName, args: object = {}): Promise<unknown> {
  return (await host()).call(name, args);
}

/** Hears what happened until the returned function is called; `deaf` is told why nothing can be heard. */
export function listen(heard: (event: Event) => void, deaf: (error: CallError) => void): () => void {
  let stop: (() => void) | undefined;
  let stopped = false;
  const fail = (thrown: unknown): void => deaf(refusal(thrown));
  host().then((found) => {
    if (!stopped) stop = found.listen((event) => heard(event as Event), fail);
  }).catch(fail);
  return () => {
    stopped = true;
    stop?.();
  };
}

/** What was thrown, as the core would say it. */
export function refusal(thrown: unknown): CallError {
  return CallError.from(thrown);
}
