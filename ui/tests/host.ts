// A host for tests of state: it answers as the test says, keeps what it was called with, and tells events.

import type { CommandName, Commands, Happened } from '../src/lib/api';
import type { Host } from '../src/lib/platform';

type Answers = { [Name in CommandName]?: (args: Commands[Name]['args']) => unknown };

export class TestHost implements Host {
  answers: Answers = {};
  readonly called: { name: string; args: unknown }[] = [];
  readonly #deaf = new Set<(thrown: unknown) => void>();
  readonly #hearers = new Set<(event: unknown) => void>();

  async call(name: string, args: unknown): Promise<unknown> {
    this.called.push({ name, args });
    const answer = (this.answers as Record<string, ((args: unknown) => unknown) | undefined>)[name];
    if (!answer) throw { code: 'unknown_command', message: `the test answers no ${name}`, hint: null };
    return answer(args);
  }

  listen(heard: (event: unknown) => void, deaf: (thrown: unknown) => void): () => void {
    this.#deaf.add(deaf);
    this.#hearers.add(heard);
    return () => this.#hearers.delete(heard);
  }

  tell(what: Happened): void {
    for (const heard of this.#hearers) heard({ what });
  }

  /** From now on no event is heard. */
  deafen(thrown: unknown): void {
    for (const deaf of this.#deaf) deaf(thrown);
  }

  /** What a command was called with, in order. */
  asked(name: CommandName): unknown[] {
    return this.called.filter((call) => call.name === name).map((call) => call.args);
  }
}
