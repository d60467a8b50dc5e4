import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import * as v from 'valibot';
import type { Wire, WireShape } from '../faults/fault-kind.ts';
import { greetingSchema } from './orders.ts';
import type { Order } from './orders.ts';

export interface WireOptions {
  /** How `dps-agent-soak wire` is called here. */
  readonly command: readonly [file: string, ...args: string[]];
  /** The wire has ended, and nobody asked it to. */
  readonly onFailure: (error: Error) => void;
}

/** Starts the CONNECT proxy in a process of its own. Rejects, with nothing left behind, when it does not come up. */
export async function startWire({ command, onFailure }: WireOptions): Promise<Wire> {
  const [file, ...args] = command;
  // In a group of its own: Ctrl-C is for the soak, which still needs the wire while it ends. And without the environment,
  // where a group's key may be.
  const child = spawn(file, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'], env: {} });
  const wire = new WireProcess(child, onFailure);
  try {
    const port = await wire.greeted();
    return wire.at(port);
  } catch (cause) {
    await wire.close();
    throw new Error(`cannot start the wire by ${command.join(' ')}`, { cause });
  }
}

class WireProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<void>;
  #said = '';
  #isClosing = false;
  #nextId = 1;

  constructor(child: ChildProcessByStdio<Writable, Readable, Readable>, onFailure: (error: Error) => void) {
    this.#child = child;
    child.stderr.on('data', (data: Buffer) => {
      this.#said = (this.#said + data.toString()).slice(-2000);
    });
    // Told to one that has gone: `onFailure` says so.
    child.stdin.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#said = error.message;
        resolve();
      });
      child.once('close', (code, signal) => {
        if (!this.#isClosing)
          onFailure(new Error(`the wire has ended (${signal ?? code ?? '?'}): ${this.#said}`));
        resolve();
      });
    });
  }

  async greeted(): Promise<number> {
    const lines = createInterface({ input: this.#child.stdout });
    const line = await Promise.race([once(lines, 'line'), this.#ended.then(() => undefined)]);
    if (line === undefined) throw new Error(`it has ended: ${this.#said}`);
    return v.parse(greetingSchema, JSON.parse(String(line[0]))).port;
  }

  at(port: number): Wire {
    const host = '127.0.0.1';
    return {
      host,
      port,
      urlFor: (name) => `http://${encodeURIComponent(name)}:soak@${host}:${port}`,
      shape: (shape, names) => this.#lay(shape, names),
      cut: (names) => {
        this.#tell({ do: 'cut', ...(names === undefined ? {} : { names: [...names] }) });
      },
      close: () => this.close(),
    };
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#child.stdin.end();
    await this.#ended;
  }

  #lay(shape: WireShape, names?: readonly string[]): () => void {
    const id = this.#nextId++;
    this.#tell({ do: 'lay', id, shape, ...(names === undefined ? {} : { names: [...names] }) });
    let isLifted = false;
    return () => {
      if (!isLifted) this.#tell({ do: 'lift', id });
      isLifted = true;
    };
  }

  #tell(order: Order): void {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
  }
}
