// What the page may ask of whoever shows it: one call, one stream of events. It knows no command by name.

/** What a host answers instead of a result. */
export interface HostError {
  /** Stable word, for deciding. */
  code: string;
  /** What happened and where, one sentence. */
  message: string;
  /** What to do about it. */
  hint: string | null;
}

/** A host: the desktop app, or the test host in a browser. */
export interface Host {
  /** Calls a command; throws a {@link CallError} when the host refuses. */
  call(name: string, args: unknown): Promise<unknown>;
  /** Hears events until the returned function is called; `deaf` is told why none can be heard. */
  listen(heard: (event: unknown) => void, deaf: (thrown: unknown) => void): () => void;
}

/** A refused call. */
export class CallError extends Error {
  readonly code: string;
  readonly hint: string | null;

  constructor(error: HostError) {
    super(error.message);
    this.name = 'CallError';
    this.code = error.code;
    this.hint = error.hint;
  }

  /** From whatever was thrown on the way: nothing is lost, nothing crashes the page. */
  static from(thrown: unknown): CallError {
    if (thrown instanceof CallError) return thrown;
    if (isHostError(thrown)) return new CallError(thrown);
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new CallError({ code: 'unreachable', message, hint: null });
  }
}

function isHostError(value: unknown): value is HostError {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value;
}
