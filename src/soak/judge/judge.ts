import type { Evidence } from '../evidence.ts';
import type { Limits } from '../scenario/scenario.ts';
import { allConnected } from './all-connected.ts';
import { deliveredOrCounted } from './delivered-or-counted.ts';
import { descriptorsFlat, socketsFlat, timersFlat } from './flat.ts';
import { duplicatesShare } from './duplicates.ts';
import { faultsAsPlanned } from './faults-as-planned.ts';
import { gaps } from './gaps.ts';
import { notJudged } from './invariant.ts';
import type { Invariant } from './invariant.ts';
import { memorySlope, memoryWorst } from './memory.ts';
import { order, orderShare } from './order.ts';
import { reconnects } from './reconnects.ts';
import { recoveryLongest, recoveryMedian, recoverySlow } from './recovery.ts';
import { refusing } from './refusing.ts';
import { registrations } from './registrations.ts';
import { retryStorm } from './retry-storm.ts';
import { sameIds } from './same-ids.ts';
import { secrets, unhandled } from './log-findings.ts';
import { stuck } from './stuck.ts';
import { twinConvergence } from './twin-convergence.ts';
import type { Verdict } from './verdict.ts';

/** In the order in which a reader wants to know. */
const invariants: readonly Invariant[] = [
  deliveredOrCounted,
  sameIds,
  duplicatesShare,
  order,
  orderShare,
  gaps,
  unhandled,
  secrets,
  allConnected,
  stuck,
  refusing,
  recoveryMedian,
  recoverySlow,
  recoveryLongest,
  retryStorm,
  reconnects,
  registrations,
  twinConvergence,
  memorySlope,
  memoryWorst,
  descriptorsFlat,
  socketsFlat,
  timersFlat,
  faultsAsPlanned,
];

/** They go by what the hub or DPS saw, and Azure's tell nobody. */
const cloudSide: ReadonlySet<Invariant> = new Set([
  deliveredOrCounted,
  sameIds,
  duplicatesShare,
  order,
  orderShare,
  gaps,
  retryStorm,
  reconnects,
  registrations,
  twinConvergence,
]);

/** What came of a run, by what was seen of it and nothing else: the same evidence gives the same verdict. */
export function judge(evidence: Evidence, limits: Limits): Verdict {
  const findings = invariants.map((invariant) => {
    const finding = invariant(evidence, limits);
    const isUnseen = evidence.run.target === 'azure' && cloudSide.has(invariant);
    return isUnseen
      ? notJudged(finding, 'only the cloud itself knows, and at Azure it was not asked')
      : finding;
  });
  return { ok: findings.every(({ outcome }) => outcome !== 'broken'), invariants: findings };
}
