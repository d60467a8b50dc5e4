import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MessagesStatus } from '../../../src/messages/counts.ts';
import type { InvokeMethod } from '../../../src/messages/method-handler.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { Scratch } from '../../support/scratch.ts';
import { simulatorFor } from '../../support/simulator.ts';
import { keepSecret } from '../../support/test-logs.ts';
import { WatchedLog } from '../../support/watched-log.ts';
import { messageDevice } from './message-device.ts';
import type { DeviceDescription } from './message-device.ts';

export interface RunningDevice {
  readonly log: WatchedLog;
  readonly socketPath: string;
  readonly status: MessagesStatus;
  /** Ends the session, and resolves when another has subscribed. */
  reconnect(): Promise<void>;
  stop(): Promise<void>;
}

/** A simulator with one device, and what the device's messages do. */
export class MessageRig {
  readonly scratch: Scratch;
  readonly simulator: Simulator;
  readonly folder: string;
  readonly #key: string;

  private constructor(scratch: Scratch, simulator: Simulator, folder: string) {
    this.scratch = scratch;
    this.simulator = simulator;
    this.folder = folder;
    const { authentication } = simulator.registry.putDevice('gateway', {}).identity;
    if (authentication.type !== 'sas') throw new Error('expected a key');
    this.#key = authentication.symmetricKey.primaryKey;
    keepSecret(this.#key);
  }

  static async create(): Promise<MessageRig> {
    const scratch = new Scratch();
    const simulator = await simulatorFor(scratch);
    return new MessageRig(scratch, simulator, await scratch.folder());
  }

  /** The same device over restarts. */
  async describe(rules: string): Promise<DeviceDescription> {
    const { simulator } = this;
    const stateDirectory = join(this.folder, 'state');
    await mkdir(stateDirectory, { recursive: true });
    const hub = simulator.hubs[0]?.name ?? '';
    return { hub, deviceId: 'gateway', key: this.#key, caFile: simulator.caFile, rules, stateDirectory };
  }

  /** Connected, and connected again whenever a session ends, until it is stopped. */
  async start(rules: string, invoke?: InvokeMethod): Promise<RunningDevice> {
    const log = new WatchedLog();
    const before = this.#sessions();
    const device = await messageDevice(await this.describe(rules), log.log, invoke);
    const stopping = new AbortController();
    let session = new AbortController();
    const sessions = async (): Promise<void> => {
      while (!stopping.signal.aborted) {
        session = new AbortController();
        await device.session(AbortSignal.any([session.signal, stopping.signal]));
      }
    };
    const running = Promise.all([sessions(), device.handle(stopping.signal)]);
    running.catch(() => undefined);
    const stop = async (): Promise<void> => {
      stopping.abort(new Error('the test stops the device'));
      await running.catch((error: unknown) => {
        if (error !== stopping.signal.reason) throw error;
      });
    };
    this.scratch.defer(stop);
    await this.connected(before + 1);
    await log.until(({ msg }) => msg.startsWith('the local API listens'));
    return {
      log,
      socketPath: device.socketPath,
      get status() {
        return device.messages.status;
      },
      reconnect: async () => {
        const earlier = this.#sessions();
        session.abort(new Error('the test ends the session'));
        await this.connected(earlier + 1);
      },
      stop,
    };
  }

  send(message: Parameters<Simulator['sendCloudToDevice']>[1]): string {
    return this.simulator.sendCloudToDevice('gateway', message);
  }

  /** As no hub of Microsoft's would: with a property bag that stands in the topic as it is. */
  sendRaw(bag: string, body: string): void {
    const { store } = this.simulator.registry.hub(this.simulator.hubs[0]?.name ?? '');
    this.send({ body });
    Object.assign(store.deliverable('gateway').at(-1) ?? {}, { bag });
  }

  /** Resolves when nothing is left for the device in the hub. */
  untilTaken(): Promise<void> {
    return until(() => this.waitingAtHub() === 0);
  }

  waitingAtHub(): number {
    const { simulator } = this;
    const hub = simulator.registry.hub(simulator.hubs[0]?.name ?? '');
    return hub.store.deliverable('gateway').length;
  }

  connected(sessions: number): Promise<void> {
    return until(() => this.#sessions() >= sessions);
  }

  #sessions(): number {
    return this.simulator.connections.history().filter(({ service }) => service === 'hub').length;
  }

  /** Receives in a process of its own, which handles nothing; resolves when it has been killed. */
  async receiveUntilKilled(rules: string, mayDie: () => Promise<unknown>): Promise<void> {
    const program = join(import.meta.dirname, 'receiver-process.ts');
    const description = JSON.stringify(await this.describe(rules));
    const child = spawn(process.execPath, ['--import', 'tsx', program, description], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const exited = once(child, 'exit');
    try {
      await Promise.race([
        mayDie(),
        exited.then(() => Promise.reject(new Error('the receiver ended early'))),
      ]);
    } finally {
      child.kill('SIGKILL');
      await exited;
    }
  }

  /** A program that keeps its input, each on a line of its own, and then ends with this status. */
  recorder(name: string, status = 0): { readonly command: string; readonly inputs: () => Promise<string[]> } {
    const file = join(this.folder, name);
    return {
      command: `[sh, -c, "{ cat; echo; } >> ${file}; exit ${status}"]`,
      inputs: async () => {
        const text = await readFile(file, 'utf8').catch(() => '');
        return text.split('\n').slice(0, -1);
      },
    };
  }
}

/** Looks again and again: what a test waits for here tells nobody that it has happened. */
export async function until(holds: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it did not come true within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
