import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Often enough to see what makes an agent late, and rarely enough to cost nothing on a small board. */
const resolutionMs = 100;

/**
 * How late the event loop was, at its 99th percentile since the last time this was asked, in milliseconds; 0 the first
 * time, from when on it is measured.
 */
export function eventLoopDelay(): () => number {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  let isEnabled = false;
  return () => {
    if (!isEnabled) {
      isEnabled = histogram.enable();
      return 0;
    }
    // What is recorded is the time between two ticks, the wait that was asked for included.
    const delayMs = histogram.count === 0 ? 0 : histogram.percentile(99) / 1e6 - resolutionMs;
    histogram.reset();
    return Math.max(0, delayMs);
  };
}
