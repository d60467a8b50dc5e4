/**
 * How the program is asked to end in order, by a signal or from the cloud. The first request counts; what is asked for
 * after it changes nothing.
 */
export class StopRequest {
  readonly #stopping = new AbortController();
  #isForRestart = false;

  /** Aborted by the first request, with its reason. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Whether the program is to be started again once it has ended. */
  get isForRestart(): boolean {
    return this.#isForRestart;
  }

  /** @param why completes "the agent stops: " */
  stop(why: string): void {
    this.#stopping.abort(new Error(why));
  }

  restart(why: string): void {
    if (this.signal.aborted) return;
    this.#isForRestart = true;
    this.stop(why);
  }
}
