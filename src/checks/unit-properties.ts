import type { RunProgram } from '../clock-sync/run-program.ts';
import { unitName } from '../supervision/unit-name.ts';

/**
 * What systemd says of the agent's service: each of these properties, as systemctl(1) calls them. `LoadState` is
 * `not-found` where there is no such unit. `undefined` where there is no systemd, or none that may be asked. Rejects only
 * when the signal is aborted.
 */
export async function unitProperties<Name extends string>(
  names: readonly Name[],
  run: RunProgram,
  signal: AbortSignal,
): Promise<Readonly<Partial<Record<Name, string>>> | undefined> {
  try {
    const output = await run('systemctl', ['show', `--property=${names.join(',')}`, unitName], signal);
    const lines = output.split('\n').map((line) => line.split(/=(.*)/s, 2));
    return Object.fromEntries(lines) as Partial<Record<Name, string>>;
  } catch {
    // Whatever it says instead: nobody here knows the unit.
    signal.throwIfAborted();
    return undefined;
  }
}
