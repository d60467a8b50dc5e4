import type { BundlePart } from './bundle.ts';

/** What a support bundle is made of. None need be free of secrets: that is seen to afterwards. */
export interface BundleSources {
  /** What `dps-agent check` finds; absent: it is not asked. */
  readonly check?: Source<string>;
  /** As `dps-agent status` has it. */
  readonly status: Source<object>;
  /** Every value of the configuration with its source, secrets masked; or what is wrong with it. */
  readonly effectiveConfig: Source<string>;
  /** As the local API has them for Prometheus, and the last day of them as CSV. */
  readonly metrics: Source<string>;
  readonly metricsHistory?: Source<string>;
  /** The last lines of the log, oldest first, in the agent's memory and in systemd's journal. */
  readonly logs: Source<Lines>;
  readonly journal: Source<Lines>;
  /** Of the agent, of Node and of the system. */
  readonly versions: Source<object>;
  /** What the machine around the agent is like. */
  readonly machine: readonly BundlePart[];
}

type Source<T> = (signal: AbortSignal) => T | Promise<T>;
type Lines = Iterable<string> | AsyncIterable<string>;

/** How long all checks together may take, in milliseconds. */
const checkDeadlineMs = 60_000;

/** The small ones first: what is too much for a bundle is cut from the logs. */
export function bundleParts(sources: BundleSources): readonly BundlePart[] {
  const { check, metricsHistory } = sources;
  return [
    { name: 'versions.json', content: asJson(sources.versions) },
    { name: 'status.json', content: asJson(sources.status) },
    ...(check === undefined ? [] : [{ name: 'check.txt', content: check, deadlineMs: checkDeadlineMs }]),
    { name: 'effective-config.txt', content: sources.effectiveConfig },
    ...sources.machine,
    { name: 'metrics.txt', content: sources.metrics },
    ...(metricsHistory === undefined ? [] : [{ name: 'metrics-history.csv', content: metricsHistory }]),
    { name: 'logs.ndjson', content: sources.logs, keep: 'end' },
    { name: 'journal.ndjson', content: sources.journal, keep: 'end', deadlineMs: checkDeadlineMs },
  ];
}

function asJson(source: Source<object>): Source<string> {
  return async (signal) => `${JSON.stringify(await source(signal), undefined, 2)}\n`;
}
