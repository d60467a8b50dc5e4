import type { BundlePart } from './bundle.ts';

/** What a support bundle is made of. None need be free of secrets: that is seen to afterwards. */
export interface BundleSources {
  /** As `dps-agent status` has it. */
  readonly status: () => object;
  /** Every value of the configuration with its source, secrets masked. */
  readonly effectiveConfig: () => string | Promise<string>;
  /** The last lines of the log, oldest first. */
  readonly logs: () => Iterable<string>;
  /** Of the agent, of Node and of the system. */
  readonly versions: () => object;
  /** As the local API has them for Prometheus. */
  readonly metrics: () => string | Promise<string>;
}

/** The small ones first: what is too much for a bundle is cut from the log. */
export function bundleParts(sources: BundleSources): readonly BundlePart[] {
  return [
    { name: 'versions.json', content: () => asJson(sources.versions()) },
    { name: 'status.json', content: () => asJson(sources.status()) },
    { name: 'effective-config.txt', content: sources.effectiveConfig },
    { name: 'metrics.txt', content: sources.metrics },
    { name: 'logs.ndjson', content: sources.logs, keep: 'end' },
  ];
}

function asJson(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
