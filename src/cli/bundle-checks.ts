import { runChecks } from '../checks/run-checks.ts';
import type { Scene } from '../checks/scene.ts';
import { allChecks } from '../checks/table.ts';
import { SystemClock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import { agentPresence } from './agent-presence.ts';
import { checkScene } from './check-scene.ts';
import { checkSummary, checkText } from './check-text.ts';
import { painter } from './colour.ts';
import { errorLog } from './error-log.ts';
import { insideScene } from './inside-checks.ts';
import type { InsideScene } from './inside-checks.ts';

/** In milliseconds; what is not there by then is left out, rather than all of it. */
const checksDeadlineMs = 45_000;

/** For `dps-agent support-bundle`. */
export function checksFromOutside(
  configPath: string,
  offline: boolean,
  signal: AbortSignal,
): Promise<string> {
  const scene = (): Promise<Scene> =>
    checkScene({ configPath, isInside: false, presence: agentPresence, log: errorLog });
  return describeChecks(scene, offline, signal);
}

/** For the bundle that the running agent makes. */
export function checksFromInside(request: InsideScene, signal: AbortSignal): Promise<string> {
  return describeChecks(() => insideScene(request), false, signal);
}

/** What `dps-agent check` prints, as far as it goes in time. */
async function describeChecks(
  makeScene: () => Promise<Scene>,
  offline: boolean,
  outer: AbortSignal,
): Promise<string> {
  const clock = new SystemClock();
  const paint = painter({ isTTY: false });
  const startedMs = clock.monotonic();
  const late = new Error('too late');
  const done: string[] = [];
  try {
    return await withDeadline(clock, checksDeadlineMs, late, outer, async (signal) => {
      const results = await runChecks(
        allChecks,
        await makeScene(),
        { dontRun: [], offline },
        clock,
        signal,
        (result) => {
          done.push(checkText(result, paint));
        },
      );
      return done.join('') + checkSummary(results, Math.round(clock.monotonic() - startedMs), paint);
    });
  } catch (error) {
    if (error !== late) throw error;
    return `${done.join('')}\nnot finished within ${checksDeadlineMs / 1000} s\n`;
  }
}
