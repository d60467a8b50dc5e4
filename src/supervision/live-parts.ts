import { isDeepStrictEqual } from 'node:util';
import { Secret } from '../lib/secret.ts';

export interface Reloaded<T> {
  /** What is in force from now on: what was, with what is live of what is wanted. */
  readonly config: T;
  /** Keys, as `telemetry.inputs.cpu.intervalMs`, that are another from now on. */
  readonly applied: readonly string[];
  /** Keys that have changed and wait for the next start. */
  readonly waiting: readonly string[];
}

/**
 * What the running agent reads anew each time it needs it, as keys of its configuration; all that is below them is live,
 * too. `*` is any one key, or any one input by its name.
 */
export const liveKeys = [
  'commands',
  'connection.connectTimeoutMs',
  'connection.keepAliveMs',
  'connection.transport',
  'log.areas',
  'log.forMs',
  'log.level',
  'methods',
  'noProxy',
  'provisioning.globalEndpoint',
  'proxy',
  'reporting',
  'settings',
  'telemetry.batch',
  'telemetry.budget',
  'telemetry.drainRatePerSecond',
  'telemetry.inputs.*.batch',
  'telemetry.inputs.*.enabled',
  'telemetry.inputs.*.figures',
  'telemetry.inputs.*.intervalMs',
  'telemetry.queue',
  'telemetry.window',
] as const;

/** Live keys of the way to the cloud: it is gone anew when one has changed. */
export const wayKeys: readonly string[] = [
  'connection.connectTimeoutMs',
  'connection.keepAliveMs',
  'connection.transport',
  'noProxy',
  'provisioning.globalEndpoint',
  'proxy',
];

/** What of a configuration that was read anew can be put in force at once. */
export function reload<T extends object>(before: T, wanted: T): Reloaded<T> {
  const [applied, waiting]: [string[], string[]] = [[], []];
  const merge = (from: unknown, to: unknown, path: readonly string[]): unknown => {
    if (isSame(from, to)) return from;
    if (isLive(path)) {
      applied.push(path.join('.'));
      return to;
    }
    const [was, will] = [partsOf(from), partsOf(to)];
    if (was === undefined || will === undefined || !mayHoldLive(path) || isOtherKind(from, to)) {
      waiting.push(path.join('.'));
      return from;
    }
    return was.rebuild(
      [...new Set([...was.parts.keys(), ...will.parts.keys()])].map((key) => [
        key,
        merge(was.parts.get(key), will.parts.get(key), [...path, key]),
      ]),
    );
  };
  const config = merge(before, wanted, []) as T;
  return { config, applied, waiting };
}

interface Parts {
  readonly parts: ReadonlyMap<string, unknown>;
  rebuild(entries: readonly (readonly [string, unknown])[]): unknown;
}

/** What decides which keys there are. */
function isOtherKind(from: unknown, to: unknown): boolean {
  const kindOf = (value: unknown): unknown[] => {
    const parts = new Map(Object.entries(value ?? {}));
    return [parts.get('source'), parts.get('type')];
  };
  return !isDeepStrictEqual(kindOf(from), kindOf(to));
}

/** A section by its keys, a list of named things by their names. */
function partsOf(value: unknown): Parts | undefined {
  if (typeof value !== 'object' || value === null || value instanceof Secret) return undefined;
  const rebuild = (entries: readonly (readonly [string, unknown])[]): object =>
    Object.fromEntries(entries.filter(([, each]) => each !== undefined));
  if (!Array.isArray(value)) return { parts: new Map(Object.entries(value)), rebuild };
  const named = (value as unknown[]).flatMap((each): [string, unknown][] =>
    typeof each === 'object' && each !== null && 'name' in each ? [[String(each.name), each]] : [],
  );
  if (named.length < value.length) return undefined;
  return {
    parts: new Map(named),
    rebuild: (entries) => entries.flatMap(([, each]) => (each === undefined ? [] : [each])),
  };
}

function isLive(path: readonly string[]): boolean {
  return liveKeys.some((key) => {
    const live = key.split('.');
    return live.length <= path.length && live.every((part, at) => part === '*' || part === path[at]);
  });
}

/** Whether there is something live below, so that the parts are worth being told apart. */
function mayHoldLive(path: readonly string[]): boolean {
  return liveKeys.some((key) => {
    const live = key.split('.');
    return path.length < live.length && path.every((part, at) => live[at] === '*' || live[at] === part);
  });
}

/** As `isDeepStrictEqual`, which takes two secrets for the same. */
function isSame(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(revealed(a), revealed(b));
}

function revealed(value: unknown): unknown {
  if (value instanceof Secret) return { secret: value.reveal() };
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revealed(each)]));
}
