import type { CommandConfig } from '../config/commands-schema.ts';
import { Bell } from '../lib/bell.ts';
import { untilStopped } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { ProgramHost } from '../lib/program-host.ts';
import { inScope } from '../lib/scope.ts';
import type { Service } from '../lib/service.ts';
import { runProgram } from './run-program.ts';
import type { CommandFrame } from './run-program.ts';

export interface RebootOptions {
  /** One without arguments that is called `reboot` takes the place of `systemctl reboot`. Read anew each time. */
  readonly commands: () => readonly CommandConfig[];
  readonly host: ProgramHost;
}

const usual: CommandFrame & { readonly command: readonly [string, ...string[]] } = {
  name: 'reboot',
  command: ['systemctl', 'reboot'],
  timeoutMs: 60_000,
  maxOutputBytes: 2000,
};

/** Restarts the machine when it has been asked for, some time later. Asked again, it goes by the last word. */
export class RebootService implements Service {
  readonly name = 'reboot';
  readonly #options: RebootOptions;
  readonly #asked = new Bell();
  #dueMs: number | undefined;

  constructor(options: RebootOptions) {
    this.#options = options;
  }

  request(delayMs: number): void {
    const { clock, log } = this.#options.host;
    this.#dueMs = clock.monotonic() + delayMs;
    log.warn({ delayMs }, `the machine is to be restarted in ${delayMs / 1000} s`);
    this.#asked.ring();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options.host;
    while (!signal.aborted) {
      const leftMs = this.#dueMs === undefined ? Infinity : this.#dueMs - clock.monotonic();
      if (leftMs <= 0) {
        this.#dueMs = undefined;
        await this.#reboot(signal);
      } else {
        await this.#waitFor(leftMs, signal);
      }
    }
  }

  async #waitFor(ms: number, signal: AbortSignal): Promise<void> {
    const heard = this.#asked.heard();
    const { clock } = this.#options.host;
    await inScope(signal, ({ signal: scope }) =>
      untilStopped(ms === Infinity ? heard : Promise.race([heard, clock.sleep(ms, scope)]), scope),
    );
  }

  async #reboot(signal: AbortSignal): Promise<void> {
    const { commands, host } = this.#options;
    const own = commands().find(({ name, args }) => name === 'reboot' && args.length === 0);
    const frame = own ?? usual;
    try {
      const result = await runProgram(frame, frame.command, host, signal);
      if (result['exitStatus'] !== 0)
        host.log.error({ ...result }, `cannot restart the machine: ${frame.command[0]} failed`);
    } catch (error) {
      if (!signal.aborted) host.log.error(`cannot restart the machine: ${describeError(error)}`);
    }
  }
}
