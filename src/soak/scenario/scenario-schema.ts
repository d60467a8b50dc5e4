import * as v from 'valibot';
import {
  byteSize,
  decimal,
  duration,
  field,
  optionalSection,
  pathTo,
  present,
  section,
  text,
  wholeNumber,
} from '../../config/fields.ts';
import type { Field } from '../../config/fields.ts';
import { expected, isMapping } from '../../config/found.ts';
import type { LoadPlan } from '../load/load-plan.ts';
import { plannedFault } from './fault-schema.ts';
import type { KnownKind } from './fault-schema.ts';
import { proportion } from './proportion.ts';
import type { IdentityMix, Limits, Phase, Scenario } from './scenario.ts';

/** A scenario's file: one definition that is its type, its defaults and its rules. */
export function scenarioSchema(kinds: readonly KnownKind[]): v.GenericSchema<unknown, Scenario> {
  return v.pipe(
    section({
      name: text('letters, digits and dashes', /^[A-Za-z0-9][A-Za-z0-9-]{0,39}$/),
      description: v.optional(text('a sentence', /^/), ''),
      seed: v.optional(wholeNumber(0, 2 ** 32 - 1), 1),
      agents: v.optional(wholeNumber(1, 10_000), 20),
      hubs: v.optional(wholeNumber(1, 20), 2),
      identities: v.nullish(identities, { group: '60%', key: '20%', x509: '20%', proxied: '50%' }),
      config: v.optional(mapping, {}),
      /** Of phases that say nothing of their own. */
      load: optionalSection(load),
      phases: phases(kinds),
      calm: v.optional(duration('1s', '1h'), '2m'),
      limits: optionalSection(limits),
    }),
    v.transform(({ load: general, phases: own, calm, ...rest }): Scenario => {
      const loaded = own.map((phase): Phase => ({ ...phase, load: phase.load ?? general }));
      return { ...rest, phases: loaded, calmMs: calm };
    }),
  );
}

const mapping: Field<Readonly<Record<string, unknown>>> = field(
  (input) => (isMapping(input) ? { value: input } : { problem: expected('a mapping', input) }),
  { type: 'object' },
);

const identities: v.GenericSchema<unknown, IdentityMix> = v.pipe(
  section({
    group: v.optional(proportion(0), '0%'),
    key: v.optional(proportion(0), '0%'),
    x509: v.optional(proportion(0), '0%'),
    proxied: v.optional(proportion(0), '50%'),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { group, key, x509 } = dataset.value;
    const percent = Math.round((group + key + x509) * 1000) / 10;
    if (percent === 100) return;
    addIssue({ message: `expected group, key and x509 to add up to 100%, found ${percent}%` });
  }),
);

const load: v.GenericSchema<Record<string, unknown>, LoadPlan> = v.pipe(
  section({
    /** Of each agent. */
    messages_per_second: v.optional(decimal(0, 1000), 1),
    bytes: v.optional(sizes(), [200, 1000]),
    burst: v.optional(
      section({ messages: wholeNumber(1, 10_000), every: duration('1s', '1d') }) as v.GenericSchema<
        unknown,
        { messages: number; every: number }
      >,
    ),
    /** 0 for never. */
    twin_every: v.optional(duration('0s', '1d'), '1m'),
  }),
  v.transform(({ messages_per_second, bytes, burst, twin_every }): LoadPlan => ({
    messagesPerSecond: messages_per_second,
    bytes,
    burst: { messages: burst?.messages ?? 0, everyMs: burst?.every ?? 0 },
    twinEveryMs: twin_every,
  })),
);

/** One size, or from and to. 100 KB leaves room for the properties in a message. */
function sizes(): Field<[number, number]> {
  const size = byteSize('60B', '100KB');
  return field((input) => {
    const both = Array.isArray(input) ? (input as unknown[]) : [input, input];
    const read = both.map((each) => v.safeParse(size, each));
    const wrong = read.find(({ success }) => !success)?.issues?.[0].message;
    if (wrong !== undefined) return { problem: wrong };
    const [least, most] = read.map(({ output }) => Number(output));
    if (read.length === 2 && least !== undefined && most !== undefined && least <= most)
      return { value: [least, most] };
    return { problem: 'expected one size, or two such as [200, 2KB], the smaller first' };
  }, {});
}

interface ReadPhase extends Omit<Phase, 'load'> {
  readonly load: LoadPlan | undefined;
}

function phases(kinds: readonly KnownKind[]): v.GenericSchema<unknown, readonly ReadPhase[]> {
  const phase = v.pipe(
    section({
      name: text('a name of at most 40 characters', /^\S.{0,39}$/),
      duration: duration('1s', '30d'),
      load: v.nullish(load),
      faults: v.nullish(v.array(plannedFault(kinds), 'expected a list of faults'), []),
    }),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      for (const [index, { when }] of dataset.value.faults.entries()) {
        if (!('atMs' in when) || when.atMs < dataset.value.duration) continue;
        const message = `expected a moment within the phase, which lasts ${dataset.value.duration / 1000} s`;
        addIssue({ message, path: pathTo('faults', index, 'at') });
      }
    }),
    v.transform(({ duration: durationMs, load: own, ...rest }): ReadPhase => ({
      ...rest,
      durationMs,
      load: own ?? undefined,
    })),
  );
  return v.pipe(
    v.array(phase, (issue) => expected('a list of phases', issue.input)),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const names = dataset.value.map(({ name }) => name);
      if (names.length === 0) addIssue({ message: 'expected one phase at least' });
      for (const [index, name] of names.entries()) {
        if (names.indexOf(name) === index) continue;
        addIssue({
          message: 'expected a name of its own: another phase has it',
          path: pathTo(index, 'name'),
        });
      }
    }),
  );
}

const limits: v.GenericSchema<Record<string, unknown>, Limits> = v.pipe(
  section({
    recovery: optionalSection(
      section({
        p50: v.optional(duration('1s', '1d'), '15s'),
        p99: v.optional(duration('1s', '1d'), '90s'),
        max: v.optional(duration('1s', '1d'), '3m'),
      }),
    ),
    registrations_per_minute: v.optional(wholeNumber(1, 1_000_000), 1000),
    attempts_per_agent_minute: v.optional(decimal(0, 1_000_000)),
    reconnects_per_agent_hour: v.optional(decimal(0, 1000), 2),
    duplicates: v.optional(proportion(0), '5%'),
    memory_per_agent_hour: v.optional(byteSize('1KB', '10GB'), '1MB'),
    descriptors_per_agent: v.optional(wholeNumber(0, 10_000), 8),
    twin: v.optional(duration('1s', '1d'), '30s'),
    stuck: v.optional(duration('1s', '7d'), '5m'),
  }),
  v.transform(({ recovery, ...rest }): Limits => ({
    recovery: { p50Ms: recovery.p50, p99Ms: recovery.p99, maxMs: recovery.max },
    registrationsPerMinute: rest.registrations_per_minute,
    ...present({ attemptsPerAgentMinute: rest.attempts_per_agent_minute }),
    reconnectsPerAgentHour: rest.reconnects_per_agent_hour,
    duplicates: rest.duplicates,
    memoryBytesPerAgentHour: rest.memory_per_agent_hour,
    descriptorsPerAgent: rest.descriptors_per_agent,
    twinMs: rest.twin,
    stuckMs: rest.stuck,
  })),
);
