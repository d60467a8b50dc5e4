import { createHash } from 'node:crypto';
import type { Enrollment, EnrollmentGroup } from './enrollment.ts';

/**
 * The hub an enrollment gives a device. Static takes the first hub named; hashed (and geoLatency, which has no
 * meaning on one machine) spreads devices evenly and moves few when a hub is added, by rendezvous hashing.
 * `undefined`: none of the hubs that the entry names exists.
 */
export function allocate(
  entry: Enrollment | EnrollmentGroup,
  registrationId: string,
  linkedHubs: readonly string[],
): string | undefined {
  const named = [entry.iotHubHostName ?? [], entry.iotHubs ?? []].flat();
  if (entry.allocationPolicy === 'static' || typeof entry.iotHubHostName === 'string') {
    return named[0] === undefined ? linkedHubs[0] : linkedHubs.find((hub) => sameName(hub, named[0]));
  }
  const eligible = linkedHubs.filter(
    (hub) => named.length === 0 || named.some((name) => sameName(hub, name)),
  );
  return highest(eligible, (hub) => weight(hub, registrationId));
}

function sameName(hub: string, name: string | undefined): boolean {
  return hub.toLowerCase() === name?.toLowerCase();
}

function weight(hub: string, registrationId: string): string {
  return createHash('sha256').update(`${hub}\n${registrationId.toLowerCase()}`).digest('hex');
}

function highest(hubs: readonly string[], weightOf: (hub: string) => string): string | undefined {
  return hubs
    .map((hub) => ({ hub, weight: weightOf(hub) }))
    .reduce<{ hub: string; weight: string } | undefined>(
      (best, next) => (best === undefined || next.weight > best.weight ? next : best),
      undefined,
    )?.hub;
}
