import { runChecks } from '../checks/run-checks.ts';
import type { CheckRequest, CheckResult } from '../checks/run-checks.ts';
import { allChecks } from '../checks/table.ts';
import { SystemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { AgentStatus } from '../local-api/status.ts';
import { checkScene } from './check-scene.ts';

export interface InsideRequest extends CheckRequest {
  readonly configPath: string;
  readonly status: AgentStatus;
  readonly log: Log;
}

/** The checks, made by the running agent itself: as its user, in its sandbox, with its environment. */
export async function checkInside(
  { configPath, status, log, ...request }: InsideRequest,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  const presence = { kind: 'answers', status, at: 'its socket' } as const;
  const scene = await checkScene({
    configPath,
    isInside: true,
    presence: () => Promise.resolve(presence),
    log,
  });
  return runChecks(allChecks, scene, request, new SystemClock(), signal);
}
