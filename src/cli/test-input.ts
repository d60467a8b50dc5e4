import process from 'node:process';
import { gunzipSync } from 'node:zlib';
import type { InputConfig } from '../config/inputs/inputs.ts';
import type { Config } from '../config/schema.ts';
import { closest } from '../config/suggest.ts';
import type { Clock } from '../lib/clock.ts';
import { untilStopped } from '../lib/deadline.ts';
import { inScope } from '../lib/scope.ts';
import type { Input } from '../telemetry/inputs/input.ts';
import { makeInput } from '../telemetry/inputs/make-input.ts';
import { Intake } from '../telemetry/intake/intake.ts';
import { maxMessageBytes, messageBytes } from '../telemetry/message.ts';
import type { MessageDraft } from '../telemetry/message.ts';
import { Processor } from '../telemetry/processing/processor.ts';
import type { Reading } from '../telemetry/reading.ts';
import { realWorld } from '../world.ts';
import type { World } from '../world.ts';
import { errorLog } from './error-log.ts';
import { readConfig } from './read-config.ts';
import { socketPathsToTry } from './socket-path.ts';
import { stateDirectoryOf } from './state-directory.ts';
import type { ShownMessage } from './telemetry-test.ts';
import { CommandError } from './usage.ts';

export interface InputTest {
  /** Readings to wait for. */
  readonly count: number;
  readonly timeoutMs: number;
  readonly print: (message: ShownMessage) => void;
  /** Ends it early: it rejects with the reason. */
  readonly stop: AbortSignal;
}

/** How long an input may take to end once it has been told to: a program has 2 s until it is killed. */
const endMs = 5000;

/** `dps-agent telemetry test`. Throws a CommandError when the input is not there, cannot be read or says nothing in time. */
export async function testInput(configPath: string, name: string, test: InputTest): Promise<void> {
  const { config } = await readConfig(configPath);
  const chosen = inputNamed(config, name);
  const world = await realWorld({ current: config }, errorLog);
  const input = makeInput(besideTheAgent(chosen), world);
  if (input === undefined) throw new CommandError(howToPost(name, config));
  const intake = printingIntake(chosen, config, world, test);
  try {
    await readUpTo(input, intake, world, test);
  } finally {
    intake.flush();
  }
  const { oversize } = intake.refused;
  if (oversize > 0)
    throw new CommandError(
      `cannot send ${oversize} of the messages of ${name}: IoT Hub takes none of more than ${maxMessageBytes} bytes`,
    );
}

/** A broker lets go of a client when another of its name comes, and forgets what that one has acknowledged. */
function besideTheAgent(input: InputConfig): InputConfig {
  return input.type === 'mqtt'
    ? { ...input, clientId: `dps-agent-test-${process.pid}`, cleanSession: true }
    : input;
}

function inputNamed({ telemetry }: Config, name: string): InputConfig {
  const input = telemetry.inputs.find((candidate) => candidate.name === name);
  if (input !== undefined) return input;
  const names = telemetry.inputs.map((candidate) => candidate.name);
  const near = closest(name, names);
  const others = names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
  const hint = near === undefined ? others : `did you mean ${near}?`;
  throw new CommandError(`cannot read ${name}: telemetry.inputs has no input of that name; ${hint}`);
}

/** What is offered to the queue in the agent is printed here. */
function printingIntake(
  input: InputConfig,
  { telemetry }: Config,
  { clock, log }: World,
  { print }: InputTest,
): Intake {
  return new Intake({
    input,
    batch: () => input.batch ?? telemetry.batch,
    processor: new Processor(input.process ?? [], clock, log),
    budget: { admits: () => true },
    queue: {
      offer: (draft) => {
        if (messageBytes(draft) > maxMessageBytes) return { accepted: false, reason: 'oversize' };
        print(shown(draft));
        return { accepted: true, messageId: '', sequence: 0, safe: Promise.resolve('memory') };
      },
      ready: () => Promise.resolve(),
    },
    clock,
  });
}

/** How a socket is tried out. */
function howToPost(name: string, config: Config): string {
  const [path] = socketPathsToTry(stateDirectoryOf(config), config.localApi.path);
  return (
    `cannot read ${name}: other programs post to it, while the agent runs:\n` +
    `  curl --unix-socket ${path} 'http://localhost/v1/telemetry?input=${name}' --data '{"temperature": 21.5}'`
  );
}

/** Resolves when there are as many readings as wanted, and whatever the input began has ended. */
async function readUpTo(input: Input, intake: Intake, { clock }: World, test: InputTest): Promise<void> {
  const { count, timeoutMs, stop } = test;
  const late = new CommandError(
    `cannot wait longer than ${timeoutMs / 1000} s for ${count} ${count === 1 ? 'reading' : 'readings'} of ${input.name}; ` +
      '--timeout gives it more time',
  );
  await inScope(stop, async (scope) => {
    const { signal } = scope;
    void untilStopped(clock.sleep(timeoutMs, signal), signal).then(() => {
      scope.abort(late);
    });
    const reading = Promise.all([intake.run(signal), readInTurns(input, intake, clock, count, scope)]);
    const never = new AbortController().signal;
    const stuck = untilStopped(clock.sleep(Infinity, signal), signal).then(() => clock.sleep(endMs, never));
    await Promise.race([reading, stuck]);
    if (signal.reason !== enough) throw signal.reason;
  });
}

const enough = new Error('there are as many readings as wanted');

/**
 * Aborts its scope when there are enough. One that is asked is read to its end, since it hands over what it has before it
 * says what it could not read.
 */
async function readInTurns(
  input: Input,
  intake: Intake,
  clock: Clock,
  count: number,
  scope: AbortController,
): Promise<void> {
  const { signal } = scope;
  const isAsked = input.intervalMs !== undefined;
  let readings = 0;
  const handOver = (handed: readonly Reading[]): Promise<void> => {
    if (!signal.aborted) intake.take(handed);
    readings += handed.length;
    if (!isAsked && readings >= count) scope.abort(enough);
    return Promise.resolve();
  };
  while (!signal.aborted) {
    await input.read(handOver, signal).catch((cause: unknown) => {
      if (!signal.aborted) throw new CommandError(`cannot read ${input.name}`, { cause });
    });
    if (readings >= count) scope.abort(enough);
    if (isAsked) await untilStopped(clock.sleep(input.intervalMs, signal), signal);
  }
}

function shown(draft: MessageDraft): ShownMessage {
  const { input, priority, contentType, contentEncoding, component, properties, body } = draft;
  const unpacked = contentEncoding === 'gzip' && typeof body !== 'string' ? gunzipSync(body) : body;
  return {
    input,
    priority,
    bytes: messageBytes(draft),
    contentType,
    contentEncoding,
    component,
    properties,
    body:
      typeof unpacked === 'string'
        ? unpacked
        : unpacked.toString(contentEncoding === undefined ? 'base64' : 'utf8'),
  };
}
