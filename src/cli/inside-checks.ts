import { runChecks } from '../checks/run-checks.ts';
import type { CheckRequest, CheckResult } from '../checks/run-checks.ts';
import type { Scene } from '../checks/scene.ts';
import { allChecks } from '../checks/table.ts';
import { SystemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { AgentStatus } from '../local-api/status.ts';
import { checkScene } from './check-scene.ts';

export interface InsideScene {
  readonly configPath: string;
  readonly status: AgentStatus;
  readonly log: Log;
}

/** The checks, made by the running agent itself: as its user, in its sandbox, with its environment. */
export async function checkInside(
  request: CheckRequest,
  inside: InsideScene,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  return runChecks(allChecks, await insideScene(inside), request, new SystemClock(), signal);
}

/** What the agent sees that makes them itself. */
export function insideScene({ configPath, status, log }: InsideScene): Promise<Scene> {
  const presence = { kind: 'answers', status, at: 'its socket' } as const;
  return checkScene({ configPath, isInside: true, presence: () => Promise.resolve(presence), log });
}
