import type { Random } from '../../lib/random.ts';
import { someOf } from '../../lib/seeded-random.ts';
import type { IdentityMix } from '../scenario/scenario.ts';
import type { Member } from './fleet.ts';

/** Who is in a fleet, before anything of it is made. */
export type Enlisted = Pick<Member, 'name' | 'unit' | 'attestation' | 'isProxied'>;

export interface RosterOptions {
  readonly name: string;
  readonly agents: number;
  readonly identities: IdentityMix;
  /** 1: each in a process of its own, which is called as the agent is. */
  readonly agentsPerProcess: number;
  readonly random: Random;
}

/**
 * As many of each kind as the shares say, to one more or less, and by chance which: being proxied says nothing of how
 * somebody proves themselves, nor either of the process.
 */
export function enlist({ name, agents, identities, agentsPerProcess, random }: RosterOptions): Enlisted[] {
  const attestations = someOf(random, attestationsOf(identities, agents), agents);
  const proxied = Array.from(
    { length: agents },
    (_, index) => index < Math.round(identities.proxied * agents),
  );
  const isProxied = someOf(random, proxied, agents);
  return attestations.map((attestation, index) => {
    const own = numbered(name, index + 1);
    const crew = numbered('crew', Math.floor(index / agentsPerProcess) + 1);
    const unit = agentsPerProcess === 1 ? own : crew;
    return { name: own, unit, attestation, isProxied: isProxied[index] ?? false };
  });
}

function numbered(name: string, number: number): string {
  return `${name}-${String(number).padStart(4, '0')}`;
}

function attestationsOf({ group, key, x509 }: IdentityMix, agents: number): Member['attestation'][] {
  const sum = group + key + x509;
  const [untilGroup, untilKey] = [(group / sum) * agents, ((group + key) / sum) * agents];
  return Array.from({ length: agents }, (_, index) => {
    // By the middle of each one's place: shares need not come out even.
    const place = index + 0.5;
    if (place < untilGroup) return 'group';
    return place < untilKey ? 'key' : 'x509';
  });
}
