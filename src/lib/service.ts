import { untilStopped } from './deadline.ts';
import { inScope } from './scope.ts';

/** A part of the program that runs until its signal is aborted, then resolves; a rejection is a failure. */
export interface Service {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Runs the services together. The first to settle stops the others, and its outcome is the group's:
 * resolved or rejected as that service was. Returns only when every one has settled, so nothing is left running.
 * A failure while stopping is added to the first as an AggregateError, never lost.
 */
export async function runAll(services: readonly Service[], signal: AbortSignal): Promise<void> {
  const errors: unknown[] = [];
  await inScope(signal, async (group) => {
    const runs = services.map(async (service) => {
      try {
        await service.run(group.signal);
      } catch (error) {
        errors.push(error);
      } finally {
        group.abort(new Error(`cannot go on: ${service.name} has ended`));
      }
    });
    await Promise.all(runs);
  });
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, 'cannot go on: several services failed');
}

/**
 * As `runAll`, upon a base that the services need to their very end: it is stopped when they have settled. When the base
 * ends first, so do they.
 */
export async function runUpon(
  base: readonly Service[],
  services: readonly Service[],
  signal: AbortSignal,
): Promise<void> {
  const baseStop = new AbortController();
  const running = runAll(base, baseStop.signal);
  const watch = {
    name: 'base',
    run: async (stop: AbortSignal) => {
      await untilStopped(running, stop);
    },
  };
  try {
    await runAll([watch, ...services], signal);
  } finally {
    baseStop.abort(new Error('the services upon it have ended'));
    await running;
  }
}
