import * as v from 'valibot';
import { duration, field, flag, oneOf, optionalSection, present, text } from '../fields.ts';
import { forms } from '../forms.ts';
import { expected, found, isMapping, quotesHint, type Parsed } from '../found.ts';
import { batch } from './batch.ts';
import { processing } from './processing.ts';

/** What every input may have, whatever its type. */
export const commonEntries = {
  name: text('a name of 1 to 64 letters, digits, - or _', /^[A-Za-z0-9_-]{1,64}$/),
  enabled: v.optional(flag, true),
  component: v.optional(
    text('a Plug and Play component name: up to 64 letters, digits or _', /^[A-Za-z][A-Za-z0-9_]{0,63}$/),
  ),
  priority: v.optional(oneOf(['high', 'normal', 'low']), 'normal'),
  ttl: v.optional(duration('1s', '3650d')),
  properties: v.optional(field(parseProperties, forms.texts), {}),
  on_error: v.optional(oneOf(['retry', 'ignore', 'fail']), 'retry'),
  batch: v.optional(optionalSection(batch)),
  process: v.optional(processing),
};

/** Of an input that is asked. */
export const interval = v.optional(duration('100ms', '1d'), '60s');

/** `common(input)` in a transform gives what `commonEntries` has read, in the program's own terms. */
export function common(input: v.InferOutput<v.ObjectSchema<typeof commonEntries, undefined>>): InputCommon {
  return {
    name: input.name,
    enabled: input.enabled,
    priority: input.priority,
    properties: input.properties,
    onError: input.on_error,
    ...present({ component: input.component, ttlMs: input.ttl, batch: input.batch, process: input.process }),
  };
}

export interface InputCommon {
  readonly name: string;
  /** Whether it is read. One that is not is still known by its name, for the twin to switch on. */
  readonly enabled: boolean;
  readonly component?: string;
  readonly priority: 'high' | 'normal' | 'low';
  /** Absent: as the priority has it. */
  readonly ttlMs?: number;
  /** Application properties of its messages. */
  readonly properties: Readonly<Record<string, string>>;
  /** `retry`: again with a backoff; `ignore`: at the next interval, without a word; `fail`: the agent ends. */
  readonly onError: 'retry' | 'ignore' | 'fail';
  /** Absent: as `telemetry.batch` has it. */
  readonly batch?: v.InferOutput<typeof batch>;
  readonly process?: v.InferOutput<typeof processing>;
}

const propertyText = 'text of up to 1024 printable ASCII characters';

/** Names and values together; with what the agent adds they are still part of a topic that MQTT can carry. */
const mostPropertyBytes = 16_000;

/** Names and values that IoT Hub takes as they are (protocol.md 3.3), and that do not stand for something else. */
function parseProperties(input: unknown): Parsed<Readonly<Record<string, string>>> {
  const what = 'a mapping of names to texts';
  if (!isMapping(input)) return { problem: expected(what, input) };
  for (const [name, value] of Object.entries(input)) {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/.test(name) || name.startsWith('$.'))
      return { problem: `cannot name a property ${found(name)}: use letters, digits, - . and _` };
    if (name === 'input' || name === 'sequence')
      return { problem: `cannot name a property ${found(name)}: every message has one of that name already` };
    if (typeof value !== 'string' || !/^[\x20-\x7e]{0,1024}$/.test(value))
      return { problem: `property ${name}: ${expected(propertyText, value)}${quotesHint(value)}` };
  }
  // Each is ASCII by now.
  const bytes = Object.entries(input).reduce(
    (sum, [name, text]) => sum + name.length + String(text).length,
    0,
  );
  if (bytes > mostPropertyBytes)
    return {
      problem: `expected at most ${mostPropertyBytes} bytes of names and texts in all, found ${bytes}`,
    };
  return { value: input as Record<string, string> };
}
