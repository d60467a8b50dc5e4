import * as v from 'valibot';
import { untilStopped } from '../../lib/deadline.ts';
import type { Member } from '../fleet/fleet.ts';
import { dropConnections } from './cloud-faults.ts';
import type { Battlefield, FaultKind } from './fault-kind.ts';
import { defineKind, forEach, held, milliseconds, noOptions, suited } from './kind.ts';

const exclusive = 'certificate';
const longMs = 30 * 24 * 3_600_000;

const certificateRenewed = defineKind({
  name: 'certificate-renewed',
  summary: 'key and certificate are replaced on the disk by new ones, as by somebody else’s renewal',
  timing: { exclusive, shortestMs: 0 },
  options: noOptions,
  unavailable: issuesNone,
  strike: (_options, members, field) => {
    const struck = suited(members, field, hasCertificate);
    return {
      description: 'key and certificate replaced',
      struck,
      run: () => forEach(struck, ({ name }) => certify(name, longMs, field)),
    };
  },
});

/** The hub looks at a certificate at CONNECT only, so the connection is dropped when it has expired. */
const certificateExpiring = defineKind({
  name: 'certificate-expiring',
  summary:
    'the certificate is good for `validMs` only, and then the connection dropped; in the end there is a good one',
  timing: { exclusive, shortestMs: 15_000 },
  options: v.strictObject({ validMs: v.optional(milliseconds, 10_000) }),
  unavailable: issuesNone,
  strike: ({ validMs }, members, field) => {
    const struck = suited(members, field, hasCertificate);
    return {
      description: `certificate expires after ${validMs} ms`,
      struck,
      run: async (signal) => {
        try {
          await forEach(struck, ({ name }) => certify(name, validMs, field));
          await untilStopped(field.clock.sleep(validMs, signal), signal);
          if (!signal.aborted)
            dropConnections(
              field,
              struck.map(({ name }) => name),
            );
          await held(signal);
        } finally {
          await forEach(struck, ({ name }) => certify(name, longMs, field));
        }
      },
    };
  },
});

export const certificateKinds: readonly FaultKind[] = [certificateRenewed, certificateExpiring];

function issuesNone({ fleet }: Battlefield): string | undefined {
  if (fleet.certify === undefined) return 'this fleet issues no certificates';
  return fleet.members.some(hasCertificate) ? undefined : 'no agent has a certificate';
}

function hasCertificate({ attestation }: Member): boolean {
  return attestation === 'x509';
}

async function certify(name: string, forMs: number, { fleet, clock }: Battlefield): Promise<void> {
  await fleet.certify?.(name, new Date(clock.now().getTime() + forMs));
}
