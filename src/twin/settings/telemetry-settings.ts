import { systemFigures as figures } from '../../system-figures.ts';
import type { InputConfig } from '../../config/inputs/inputs.ts';
import type { SystemFigure } from '../../config/inputs/system-input.ts';
import type { Config } from '../../config/schema.ts';
import { decimal, fields, flag, integer, map, unknownName, word, words } from './kinds.ts';
import type { Closest } from './kinds.ts';
import { setting } from './setting.ts';
import type { Setting } from './setting.ts';

type Telemetry = Config['telemetry'];

interface InputValue {
  readonly enabled?: boolean;
  readonly intervalSeconds?: number;
  readonly figures?: readonly SystemFigure[];
}

interface StreamValue {
  readonly maxBytes?: number;
  readonly ttlSeconds?: number;
}

const component = 'telemetry';
const priorities = ['high', 'normal', 'low'] as const;
const terabyte = 1024 ** 4;
const longestTtlSeconds = 3650 * 86_400;

const interval = setting({
  component,
  name: 'intervalSeconds',
  description: 'How often every input is read that has an interval, whatever config.yaml says.',
  unit: 'second',
  kind: integer(1, 86_400),
  read: ({ telemetry }) => {
    const intervals = new Set(telemetry.inputs.flatMap((input) => intervalOf(input) ?? []));
    const [first, ...others] = intervals;
    return first === undefined || others.length > 0 ? undefined : first;
  },
  apply: (config, seconds) =>
    withInputs(config, (input) => (hasInterval(input) ? { ...input, intervalMs: seconds * 1000 } : input)),
});

const inputs = (closest: Closest): Setting =>
  setting({
    component,
    name: 'inputs',
    description:
      'By the name of an input: whether it is read, how often (over intervalSeconds), and what of the machine an input of type system reports. What is left out is as configured.',
    kind: map(
      'names of inputs',
      fields<InputValue>(
        {
          enabled: { kind: flag, description: 'Whether it is read.' },
          intervalSeconds: { kind: decimal(0.1, 86_400), description: 'How often it is read, in seconds.' },
          figures: { kind: words(figures), description: 'What an input of type system reports.' },
        },
        closest,
      ),
    ),
    read: ({ telemetry }) =>
      Object.fromEntries(telemetry.inputs.map((input) => [input.name, valueOf(input)])),
    apply: (config, wanted) => {
      const byName = new Map(Object.entries(wanted));
      return withInputs(config, (input) => steered(input, byName.get(input.name) ?? {}));
    },
    fault: (wanted, { telemetry }) => {
      for (const [name, value] of Object.entries(wanted)) {
        const input = telemetry.inputs.find((candidate) => candidate.name === name);
        const names = telemetry.inputs.map((candidate) => candidate.name);
        if (input === undefined) return unknownName(`inputs.${name}`, name, names, closest);
        const problem = misfit(input, value);
        if (problem !== undefined) return `inputs.${name}.${problem}`;
      }
      return undefined;
    },
  });

const batch = (closest: Closest): Setting =>
  setting({
    component,
    name: 'batch',
    description: 'How readings become messages, of inputs without a batch section of their own.',
    kind: fields<{
      readonly maxReadings?: number;
      readonly maxBytes?: number;
      readonly maxDelaySeconds?: number;
      readonly compression?: 'none' | 'gzip';
    }>(
      {
        maxReadings: { kind: integer(1, 10_000), description: 'The most readings in a message.' },
        maxBytes: { kind: integer(1024, 240 * 1024), description: 'The largest message, in bytes.' },
        maxDelaySeconds: {
          kind: decimal(0, 86_400),
          description: 'How long a reading may wait for others, in seconds.',
        },
        compression: { kind: word(['none', 'gzip']), description: 'Of what stands in a message.' },
      },
      closest,
    ),
    read: ({ telemetry: { batch: now } }) => ({
      maxReadings: now.maxReadings,
      maxBytes: now.maxBytes,
      maxDelaySeconds: now.maxDelayMs / 1000,
      compression: now.compression,
    }),
    apply: (config, { maxDelaySeconds, ...rest }) => {
      const delay = maxDelaySeconds === undefined ? {} : { maxDelayMs: Math.round(maxDelaySeconds * 1000) };
      return withTelemetry(config, { batch: { ...config.telemetry.batch, ...rest, ...delay } });
    },
  });

const drainRate = setting({
  component,
  name: 'drainRate',
  description: 'How many stored messages are sent in a second, when there is a connection again.',
  kind: decimal(0.1, 10_000),
  read: ({ telemetry }) => telemetry.drainRatePerSecond,
  apply: (config, rate) => withTelemetry(config, { drainRatePerSecond: rate }),
});

const stream = (closest: Closest) =>
  fields<StreamValue>(
    {
      maxBytes: { kind: integer(64 * 1024, terabyte), description: 'The most it keeps, in bytes.' },
      ttlSeconds: {
        kind: integer(1, longestTtlSeconds),
        description: 'How long a message is worth sending, in seconds.',
      },
    },
    closest,
  );

const queue = (closest: Closest): Setting =>
  setting({
    component,
    name: 'queue',
    description: 'What is kept while there is no connection: in all, and of each priority.',
    kind: fields<{
      readonly maxBytes?: number;
      readonly minFreeBytes?: number;
      readonly high?: StreamValue;
      readonly normal?: StreamValue;
      readonly low?: StreamValue;
    }>(
      {
        maxBytes: { kind: integer(64 * 1024, terabyte), description: 'The most that is kept, in bytes.' },
        minFreeBytes: { kind: integer(0, terabyte), description: 'What stays free on the disk, in bytes.' },
        high: { kind: stream(closest), description: 'Of priority high.' },
        normal: { kind: stream(closest), description: 'Of priority normal.' },
        low: { kind: stream(closest), description: 'Of priority low.' },
      },
      closest,
    ),
    read: ({ telemetry: { queue: now } }) => ({
      maxBytes: now.maxBytes,
      minFreeBytes: now.minFreeBytes,
      ...Object.fromEntries(
        priorities.map((name) => {
          const { maxBytes, ttlMs } = now.priorities[name];
          return [name, { maxBytes, ...(ttlMs === undefined ? {} : { ttlSeconds: ttlMs / 1000 }) }];
        }),
      ),
    }),
    apply: (config, { high, normal, low, ...sizes }) => {
      const { queue: before } = config.telemetry;
      const kept = {
        high: withStream(before.priorities.high, high),
        normal: withStream(before.priorities.normal, normal),
        low: withStream(before.priorities.low, low),
      };
      return withTelemetry(config, { queue: { ...before, ...sizes, priorities: kept } });
    },
  });

const budget = (closest: Closest): Setting =>
  setting({
    component,
    name: 'budget',
    description: 'What the hub’s quota and the data plan allow.',
    kind: fields<{ readonly messagesPerDay?: number; readonly bytesPerMonth?: number }>(
      {
        messagesPerDay: { kind: integer(1, 1_000_000_000), description: 'Messages of 4 KB a day.' },
        bytesPerMonth: { kind: integer(100 * 1024, 100 * terabyte), description: 'Bytes a month.' },
      },
      closest,
    ),
    read: ({ telemetry }) => telemetry.budget,
    apply: (config, wanted) => withTelemetry(config, { budget: { ...config.telemetry.budget, ...wanted } }),
  });

/** Later ones are more special, and are applied over the earlier. */
export function telemetrySettings(closest: Closest): Setting[] {
  return [interval, inputs(closest), batch(closest), drainRate, queue(closest), budget(closest)];
}

type Asked = Extract<InputConfig, { readonly intervalMs: number }>;

function hasInterval(input: InputConfig): input is Asked {
  return 'intervalMs' in input;
}

function intervalOf(input: InputConfig): number | undefined {
  return hasInterval(input) ? input.intervalMs / 1000 : undefined;
}

function valueOf(input: InputConfig): InputValue {
  const intervalSeconds = intervalOf(input);
  return {
    enabled: input.enabled,
    ...(intervalSeconds === undefined ? {} : { intervalSeconds }),
    ...(input.type === 'system' ? { figures: input.figures } : {}),
  };
}

function steered(input: InputConfig, { enabled, intervalSeconds, figures: chosen }: InputValue): InputConfig {
  const switched = { ...input, enabled: enabled ?? input.enabled };
  const timed =
    intervalSeconds === undefined || !hasInterval(switched)
      ? switched
      : { ...switched, intervalMs: Math.round(intervalSeconds * 1000) };
  return chosen === undefined || timed.type !== 'system' ? timed : { ...timed, figures: chosen };
}

function misfit(input: InputConfig, value: InputValue): string | undefined {
  if (value.intervalSeconds !== undefined && !hasInterval(input))
    return `intervalSeconds: an input of type ${input.type} that speaks by itself has none`;
  if (value.figures !== undefined && input.type !== 'system')
    return `figures: only inputs of type system have them, and this one is of type ${input.type}`;
  return undefined;
}

type Stream = Telemetry['queue']['priorities']['high'];

function withStream(before: Stream, wanted: StreamValue = {}): Stream {
  const { maxBytes = before.maxBytes, ttlSeconds } = wanted;
  return { ...before, maxBytes, ...(ttlSeconds === undefined ? {} : { ttlMs: ttlSeconds * 1000 }) };
}

function withInputs(config: Config, change: (input: InputConfig) => InputConfig): Config {
  return withTelemetry(config, { inputs: config.telemetry.inputs.map(change) });
}

function withTelemetry(config: Config, changed: Partial<Telemetry>): Config {
  return { ...config, telemetry: { ...config.telemetry, ...changed } };
}
