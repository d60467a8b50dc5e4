import type { IsNear } from './difference.ts';

type Near = (had: number, wanted: number) => boolean;

/** Figures that are never quite the same twice, and from which difference on it is worth a message to say so. */
const figures: Readonly<Record<string, Near>> = {
  'agent.bootTime': within(5000),
  'agent.startedAt': within(5000),
  'health.since': within(5000),
  'health.lastError.at': within(5000),
  'queue.depth': ratio(1.25),
  'queue.bytes': ratio(1.25),
  'queue.oldest': within(300_000),
  'messages.received': ratio(1.25),
  'messages.handled': ratio(1.25),
  'messages.duplicates': ratio(1.25),
  'messages.expired': ratio(1.25),
  'messages.unmatched': ratio(1.25),
  'messages.leftWithHub': ratio(1.25),
  'clock.offsetSeconds': within(2),
  'resources.cpuShare': within(0.1),
  'resources.rssBytes': ratio(1.15),
  'resources.heapUsedBytes': ratio(1.5),
  'resources.eventLoopDelayMs': either(within(50), ratio(1.5)),
  'resources.diskFreeBytes': ratio(1.05),
  'resources.diskBytesWritten': either(within(1024 ** 2), ratio(1.25)),
  'resources.wireBytesSent': either(within(1024 ** 2), ratio(1.25)),
  'resources.wireBytesReceived': either(within(1024 ** 2), ratio(1.25)),
};

const priorities = /^queue\.byPriority\.(?:high|normal|low)\.(?:depth|bytes)$/;

/**
 * Whether a figure has changed by so little that an idle device need not say it. What has come to be nothing, or is nothing
 * no more, is always said.
 */
export const isNear: IsNear = (path, had, wanted) => {
  const near = priorities.test(path) ? ratio(1.25) : figures[path];
  const [before, now] = [numberIn(had), numberIn(wanted)];
  return near !== undefined && before !== undefined && now !== undefined && near(before, now);
};

/** A time counts in milliseconds. */
function numberIn(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Date.parse(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function within(most: number): Near {
  return (had, wanted) => Math.abs(wanted - had) <= most;
}

/** By no more than this factor, up or down. */
function ratio(most: number): Near {
  return (had, wanted) =>
    had === wanted || (had > 0 && wanted > 0 && wanted / had <= most && had / wanted <= most);
}

function either(one: Near, other: Near): Near {
  return (had, wanted) => one(had, wanted) || other(had, wanted);
}
