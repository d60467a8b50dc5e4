import { join } from 'node:path';
import type { Wire } from '../../src/soak/faults/fault-kind.ts';
import { startWire } from '../../src/soak/wire/start-wire.ts';
import type { Scratch } from './scratch.ts';

export const wireCommand = [
  process.execPath,
  '--import',
  'tsx',
  join(import.meta.dirname, 'wire-program.ts'),
] as const;

/** A wire of its own for a test, gone when the test is over. */
export async function wireFor(
  scratch: Scratch,
  onFailure: (error: Error) => void = (error) => {
    throw error;
  },
): Promise<Wire> {
  const wire = await startWire({ command: [...wireCommand], onFailure });
  scratch.defer(() => wire.close());
  return wire;
}
