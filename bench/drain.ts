import type { BenchAgent } from './agent.ts';
import { goOffline } from './disk.ts';
import type { Feeder } from './feeder.ts';
import type { Hub } from './hub.ts';
import { pass } from './pass.ts';
import { cpuMs, forgetPeak, memory } from './process-figures.ts';

export interface DrainResult {
  readonly messages: number;
  readonly duplicates: number;
  readonly fillPerSecond: number;
  readonly drainPerSecond: number;
  readonly cpuMicroseconds: number;
  /** Resident memory, in bytes: connected with nothing to do; the most while it filled; the most while it drained. */
  readonly idleBytes: number;
  readonly fillPeakBytes: number;
  readonly drainPeakBytes: number;
}

/** At most so much above idle, in bytes. */
export const peakTarget = 40e6;

/** The hub is gone while a backlog builds up, and then comes back. */
export async function measureDrain(
  messages: number,
  { hub, agent, feeder }: { hub: Hub; agent: BenchAgent; feeder: Feeder },
  settleMs: number,
): Promise<DrainResult> {
  await pass(settleMs);
  const idleBytes = memory(agent.pid).bytes;
  forgetPeak(agent.pid);
  await hub.startCounting();
  await goOffline(hub, agent);
  const fillMs = performance.now();
  // Enough that there is always something worth writing.
  const feed = { input: 'single', payload: 'reading', linesPerPost: 250, postsInFlight: 8 } as const;
  const { accepted } = await feeder.feed({ ...feed, socketPath: agent.socketPath, lines: messages });
  const fillPerSecond = (accepted * 1000) / (performance.now() - fillMs);
  const fillPeakBytes = memory(agent.pid).peakBytes;
  await pass(settleMs);
  forgetPeak(agent.pid);
  const cpuBefore = cpuMs(agent.pid);
  await hub.comeBack();
  const { firstMs, lastMs, duplicates } = await hub.untilArrived(accepted, 'messages');
  return {
    messages: accepted,
    duplicates,
    fillPerSecond,
    drainPerSecond: (accepted * 1000) / (lastMs - firstMs),
    cpuMicroseconds: ((cpuMs(agent.pid) - cpuBefore) * 1000) / accepted,
    idleBytes,
    fillPeakBytes,
    drainPeakBytes: memory(agent.pid).peakBytes,
  };
}
