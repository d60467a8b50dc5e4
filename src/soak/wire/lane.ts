import type { Socket } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import type { WireShape } from '../faults/fault-kind.ts';
import { Pace, segmentBytes } from './pace.ts';
import { reset } from './reset.ts';
import { none } from './shapes.ts';
import type { Shapes } from './shapes.ts';

export interface LaneOptions {
  readonly to: Socket;
  readonly name: string | undefined;
  readonly shapes: Shapes;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted when the connection is over. */
  readonly gone: AbortSignal;
}

/** Something on its way: bytes, the end, or an event that waits its turn as they do. */
interface Parcel {
  readonly bytes: number;
  readonly dueMs: number;
  readonly deliver: () => void;
}

/** As much may be on its way before its sender has to wait: what a socket's buffers would hold. */
const windowBytes = 64 * 1024;

/** One direction of a connection: what comes in at one end goes out at the other in the same order, when it is due. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #pace: Pace;
  readonly #parcels: Parcel[] = [];
  #bytes = 0;
  #from: Socket | undefined;
  #delivering = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#pace = new Pace(options.random);
  }

  /** From now on everything that this socket brings, its end and its failure included. */
  carry(from: Socket): void {
    let hasEnded = false;
    this.#from = from;
    from.on('data', (bytes: Buffer) => {
      this.push(bytes);
    });
    from.once('end', () => {
      hasEnded = true;
      this.end();
    });
    from.once('close', () => {
      if (!hasEnded) this.reset();
    });
  }

  push(bytes: Buffer): void {
    const shape = this.#shape();
    const step = shape === none ? bytes.length : segmentBytes;
    for (let at = 0; at < bytes.length; at += step) {
      const part = bytes.subarray(at, at + step);
      this.when(part.length, () => {
        if (this.#options.to.writable) this.#options.to.write(part);
      });
    }
    if (this.#isFull) this.#from?.pause();
  }

  end(): void {
    this.when(0, () => {
      this.#options.to.end();
    });
  }

  /** The other end learns that this one is gone, as by RST. */
  reset(): void {
    this.when(0, () => {
      reset(this.#options.to);
    });
  }

  /** Calls back when so many bytes that are sent now would have arrived, and all before them. */
  when(bytes: number, deliver: () => void): void {
    const dueMs = this.#pace.dueMs(bytes, this.#shape(), this.#options.clock.monotonic());
    this.#parcels.push({ bytes, dueMs, deliver });
    this.#bytes += bytes;
    if (this.#delivering) return;
    this.#delivering = true;
    void this.#deliver().finally(() => {
      this.#delivering = false;
    });
  }

  get #isFull(): boolean {
    return this.#bytes + this.#options.to.writableLength > windowBytes;
  }

  #shape(): WireShape {
    return this.#options.shapes.of(this.#options.name);
  }

  async #deliver(): Promise<void> {
    for (let next = this.#parcels[0]; next !== undefined; next = this.#parcels[0]) {
      if (!(await this.#arrives(next))) return;
      this.#parcels.shift();
      this.#bytes -= next.bytes;
      next.deliver();
      if (this.#options.to.writableNeedDrain) await this.#drained();
      if (!this.#isFull) this.#from?.resume();
    }
  }

  /** Resolves when it is due and the wire not silent; with `false` when the connection is over before. */
  async #arrives({ dueMs }: Parcel): Promise<boolean> {
    const { clock, gone, shapes } = this.#options;
    try {
      do {
        await shapes.changed.until(() => this.#shape().silent !== true, gone);
        await clock.sleep(Math.max(dueMs - clock.monotonic(), 0), gone);
      } while (this.#shape().silent === true);
      return true;
    } catch (error) {
      if (gone.aborted) return false;
      throw error;
    }
  }

  /** Or closed: then nothing is to be waited for. */
  #drained(): Promise<void> {
    const { to } = this.#options;
    return new Promise((resolve) => {
      const done = (): void => {
        to.off('drain', done);
        to.off('close', done);
        resolve();
      };
      to.once('drain', done);
      to.once('close', done);
    });
  }
}
