import { runChecks } from '../checks/run-checks.ts';
import { allChecks } from '../checks/table.ts';
import { SystemClock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import { agentPresence } from './agent-presence.ts';
import { checkScene } from './check-scene.ts';
import { checkSummary, checkText } from './check-text.ts';
import { painter } from './colour.ts';
import { errorLog } from './error-log.ts';

/** In milliseconds; what is not there by then is left out, rather than all of it. */
const checksDeadlineMs = 45_000;

/** What `dps-agent check` prints, as far as it goes in time. */
export async function bundleChecks(
  configPath: string,
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
      const scene = await checkScene({ configPath, isInside: false, presence: agentPresence, log: errorLog });
      const results = await runChecks(allChecks, scene, { dontRun: [], offline }, clock, signal, (result) => {
        done.push(checkText(result, paint));
      });
      return done.join('') + checkSummary(results, Math.round(clock.monotonic() - startedMs), paint);
    });
  } catch (error) {
    if (error !== late) throw error;
    return `${done.join('')}\nnot finished within ${checksDeadlineMs / 1000} s\n`;
  }
}
