import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

interface Question {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Handler = (argument: never) => unknown;

/** A process of its own that answers questions: what is measured must not share a thread with what measures it. */
export class Child {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  /** @param file in this folder */
  constructor(file: string, args: readonly string[] = []) {
    this.#process = fork(join(import.meta.dirname, file), args, { execArgv: ['--import', 'tsx'] });
    this.#process.on('message', (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.error === undefined) waiting?.resolve(reply.result);
      else waiting?.reject(new Error(`${file}: ${reply.error}`));
    });
    this.#process.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`${file} has ended: ${String(code ?? signal)}`));
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  ask(method: string, argument: unknown = null): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.send({ id, method, argument } satisfies Question);
    });
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.disconnect();
    await exited;
  }
}

/** The child's side: answers until its parent is gone. */
export function answer(handlers: Readonly<Record<string, Handler>>): void {
  process.on('message', (question: Question) => {
    void reply(handlers, question).then((message) => process.send?.(message));
  });
  process.on('disconnect', () => {
    process.exit(0);
  });
}

async function reply(handlers: Readonly<Record<string, Handler>>, question: Question): Promise<Reply> {
  const { id, method, argument } = question;
  try {
    const handler = handlers[method];
    if (handler === undefined) throw new Error(`there is no ${method}`);
    return { id, result: await handler(argument as never) };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
