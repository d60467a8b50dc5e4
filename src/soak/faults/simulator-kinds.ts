import * as v from 'valibot';
import { faultKindNames, isForDevices, parseFault } from '../../simulator/faults.ts';
import type { FaultInput, FaultKind as SimulatorFault } from '../../simulator/faults.ts';
import { omit } from '../../simulator/omit.ts';
import type { Member } from '../fleet/fleet.ts';
import { inForce } from './cloud-faults.ts';
import type { Battlefield, FaultKind, Strike } from './fault-kind.ts';
import { defineKind, hubName, hubNumber, membersAt } from './kind.ts';

const summaries: Readonly<Record<SimulatorFault, string>> = {
  'refuse-connect': 'CONNACK with a code from 1 to 5',
  'refuse-tcp': 'the port is closed, or every connection to it reset',
  'refuse-mqtt': 'plain MQTT is cut off; WebSockets work',
  'dps-error': 'DPS answers with a status',
  'dps-slow': 'DPS takes its time to assign',
  'dps-no-answer': 'DPS acknowledges and never answers',
  'drop-after-messages': 'the connection ends with its n-th message, which is kept and not acknowledged',
  'drop-connections': 'the hub or DPS lets go of the connections, once',
  'go-silent': 'half-open: the hub or DPS says nothing any more',
  'swallow-pubacks': 'messages are kept and not acknowledged',
  'refuse-message': 'a message that contains a text ends the connection',
  throttle: 'messages are acknowledged at a rate, and who sends into a full backlog is disconnected',
  'quota-exceeded': 'the hub takes connections and ends them soon, and keeps no message',
  delay: 'every packet to the device waits',
  'twin-error': 'the twin answers with a status',
  'lose-session': 'the hub forgets the MQTT session',
  'file-upload-error': 'the hub answers an upload with a status',
  'blob-error': 'the blob store answers with a status',
  'blob-drop': 'the blob store does not answer, and has done what it was asked',
  'blob-slow': 'the blob store takes its time',
};

/** Every fault of the simulator, under its own name and with its own options; `hub` is a number from 1. */
export const simulatorKinds: readonly FaultKind[] = faultKindNames.map((kind) =>
  defineKind({
    name: kind,
    summary: summaries[kind],
    timing: {
      exclusive: kind === 'refuse-tcp' ? 'ports' : kind,
      ...(kind === 'drop-connections' ? { shortestMs: 0 } : {}),
    },
    options: v.pipe(
      v.looseObject({ hub: hubNumber, device: v.optional(v.never('is whoever is struck')) }),
      v.rawCheck(({ dataset, addIssue }) => {
        if (!dataset.typed) return;
        const problem = problemWith({ ...omit(dataset.value, 'hub'), kind });
        if (problem !== undefined) addIssue({ message: problem });
      }),
    ),
    strike: ({ hub, ...rest }, members, field) =>
      strikeAtCloud({ ...rest, kind } as FaultInput, hubName(hub, field), members, field),
  }),
);

function problemWith(fault: unknown): string | undefined {
  try {
    parseFault(fault);
    return undefined;
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

/** One fault for each that is struck, so that `times` counts for each; those that know no device strike a whole port. */
function strikeAtCloud(
  fault: FaultInput,
  hub: string | undefined,
  members: readonly Member[],
  field: Battlefield,
): Strike {
  const isForAll = !isForDevices(fault.kind);
  const struck = isForAll ? membersAt(hub, field) : members;
  const atHub = { ...fault, ...(hub === undefined ? {} : { hub }) };
  const faults = isForAll ? [atHub] : struck.map(({ name }) => ({ ...atHub, device: name }));
  const { kind, ...details } = atHub;
  const isOver = kind === 'drop-connections';
  return {
    description: [kind, ...Object.entries(details).map(([name, value]) => `${name} ${String(value)}`)].join(
      ', ',
    ),
    struck,
    run: async (signal) => {
      const once = new AbortController();
      if (isOver) once.abort(new Error('it is over at once'));
      await inForce(faults, field, isOver ? once.signal : signal);
    },
  };
}
