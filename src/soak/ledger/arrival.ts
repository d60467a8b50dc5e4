import { isJsonObject } from '../../lib/json.ts';
import type { DeviceMessage } from '../../simulator/message.ts';
import { readNumbered } from '../load/numbered-reading.ts';
import type { ReadingSeen } from '../load/numbered-reading.ts';

/** A message of an agent, as far as the ledger cares. */
export type Arrival =
  /** Readings that a feeder has posted. */
  | ({ readonly kind: 'readings'; readonly readings: readonly ReadingSeen[] } & Identified)
  /** The agent tells how many messages it had to drop (docs/queue.md). */
  | ({ readonly kind: 'losses'; readonly lost: number } & Identified)
  /** Of another input, which nobody has promised anything about. */
  | ({ readonly kind: 'other' } & Identified)
  | { readonly kind: 'wrong'; readonly problem: string };

/** The queue's own ID and the number that goes up: a message ID is both of them (docs/queue.md). */
interface Identified {
  readonly queue: string;
  readonly sequence: number;
}

export function readArrival(message: DeviceMessage): Arrival {
  const { systemProperties, applicationProperties, body } = message;
  const id = systemProperties['message-id'] ?? '';
  const sequence = applicationProperties['sequence'] ?? '';
  if (sequence === '' || !id.endsWith(`-${sequence}`)) {
    return {
      kind: 'wrong',
      problem: `message ID "${id}" does not end with the sequence number "${sequence}"`,
    };
  }
  const identified = { queue: id.slice(0, -sequence.length - 1), sequence: Number(sequence) };
  if (applicationProperties['input'] === 'dps-agent') {
    return applicationProperties['record'] === 'loss'
      ? { kind: 'losses', lost: lostIn(body), ...identified }
      : { kind: 'other', ...identified };
  }
  const bodies = Array.isArray(body) ? body : [body];
  const readings = bodies.map(readNumbered).filter((reading) => reading !== undefined);
  if (readings.length === 0) return { kind: 'other', ...identified };
  if (readings.length === bodies.length) return { kind: 'readings', readings, ...identified };
  return { kind: 'wrong', problem: `message ${id} has readings of the soak's among others` };
}

function lostIn(body: unknown): number {
  const lost: unknown = isJsonObject(body) ? body['lost'] : undefined;
  if (!Array.isArray(lost)) return 0;
  return lost.reduce<number>((sum, each) => sum + (isJsonObject(each) ? Number(each['count'] ?? 0) : 0), 0);
}
