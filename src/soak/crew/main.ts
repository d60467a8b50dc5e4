import process from 'node:process';
import { pino } from 'pino';
import { exitCodes } from '../../cli/usage.ts';
import { SystemClock } from '../../lib/clock.ts';
import { describeError } from '../../lib/errors.ts';
import { Crew } from './crew.ts';
import { isCrewOrder } from './crew-message.ts';
import type { CrewCount, CrewOrder } from './crew-message.ts';

/** An orderly end has this long, in milliseconds; then the process ends all the same (run-agent.ts). */
const stopDeadlineMs = 4500;

/**
 * `dps-agent-soak crew`: many agents in this process, as the director that started it orders by Node's channel. Runs until
 * SIGTERM, or until the director is gone; returns the exit status.
 */
export async function runCrew(): Promise<number> {
  const stopping = new AbortController();
  const orders = new Orders();
  process.on('SIGTERM', () => {
    stopping.abort(new Error('stopped by SIGTERM'));
  });
  // Nobody is left to hear anything.
  process.on('disconnect', () => process.exit(exitCodes.failure));
  const { members, spreadMs } = await orders.begin;
  const clock = new SystemClock();
  const crew = new Crew({
    ...{ members, spreadMs, clock, write: standardOutput() },
    pid: process.pid,
    userId: process.getuid?.(),
    monotonicUsec: () => process.hrtime.bigint() / 1000n,
  });
  orders.follow((order) => {
    if (order.kind === 'reload') crew.reload(order.name);
    if (order.kind === 'count') answer({ kind: 'counted', id: order.id, timers: timers() });
  });
  const running = crew.run(stopping.signal);
  await Promise.race([running, overdue(stopping.signal, clock)]);
  return exitCodes.success;
}

/** What comes before there is a crew is kept for it. */
class Orders {
  readonly begin: Promise<Extract<CrewOrder, { kind: 'begin' }>>;
  #early: CrewOrder[] = [];
  #follow = (order: CrewOrder): void => {
    this.#early.push(order);
  };

  constructor() {
    this.begin = new Promise((resolve) => {
      process.on('message', (message) => {
        if (!isCrewOrder(message)) return;
        if (message.kind === 'begin') resolve(message);
        else this.#follow(message);
      });
    });
  }

  follow(obey: (order: CrewOrder) => void): void {
    this.#follow = obey;
    for (const order of this.#early) obey(order);
    this.#early = [];
  }
}

function answer(count: CrewCount): void {
  process.send?.(count);
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

function standardOutput(): (line: string) => void {
  const destination = pino.destination({ fd: process.stdout.fd, sync: true });
  // Whoever read the log is gone, and with it soon this process.
  destination.on('error', () => undefined);
  return (line) => {
    destination.write(line);
  };
}

async function overdue(stop: AbortSignal, clock: SystemClock): Promise<void> {
  const never = new AbortController().signal;
  await clock.sleep(Infinity, stop).catch(() => undefined);
  await clock.sleep(stopDeadlineMs, never);
  process.stderr.write(`a crew is late: not everything ended within ${stopDeadlineMs} ms\n`);
}

/** For whoever runs it: how a failure ends the process, as `dps-agent run` does it. */
export function crewFailure(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return `dps-agent-soak crew cannot go on: ${describeError(error)}\n${stack}\n`;
}
