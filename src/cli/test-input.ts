import { gunzipSync } from 'node:zlib';
import type { InputConfig } from '../config/inputs/inputs.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { closest } from '../config/suggest.ts';
import { untilStopped, withDeadline } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import { inScope } from '../lib/scope.ts';
import type { Input } from '../telemetry/inputs/input.ts';
import { makeInput } from '../telemetry/inputs/make-input.ts';
import { Intake } from '../telemetry/intake/intake.ts';
import { messageBytes } from '../telemetry/message.ts';
import type { MessageDraft } from '../telemetry/message.ts';
import { Processor } from '../telemetry/processing/processor.ts';
import { realWorld } from '../world.ts';
import type { World } from '../world.ts';
import { createLog } from './create-log.ts';
import type { ShownMessage } from './telemetry-test.ts';
import { CommandError } from './usage.ts';

export interface InputTest {
  /** Readings to wait for. */
  readonly count: number;
  readonly timeoutMs: number;
  readonly print: (message: ShownMessage) => void;
  /** Takes what the input says to the log. */
  readonly warn: (line: string) => void;
}

/** `dps-agent telemetry test`. Throws a CommandError when the input is not there, cannot be read or says nothing in time. */
export async function testInput(configPath: string, name: string, test: InputTest): Promise<void> {
  const { config } = await loadConfig(configPath);
  const chosen = inputNamed(config, name);
  const log = await createLog('warn', {
    isTerminal: true,
    write: (line) => {
      test.warn(line.trimEnd());
    },
  });
  const world = await realWorld(config, log);
  const input = makeInput(chosen, world);
  if (input === undefined)
    throw new CommandError(
      `cannot read ${name}: other programs post to it, while the agent runs:\n` +
        `  curl --unix-socket /run/dps-agent/agent.sock http://agent/v1/telemetry?input=${name} -d '{"temperature": 21.5}'`,
    );
  const intake = printingIntake(chosen, config, world, test);
  try {
    await readUpTo(input, intake, world, test);
  } finally {
    intake.flush();
  }
}

function inputNamed({ telemetry }: Config, name: string): InputConfig {
  const input = telemetry.inputs.find((candidate) => candidate.name === name);
  if (input !== undefined) return input;
  const names = telemetry.inputs.map((candidate) => candidate.name);
  const near = closest(name, names);
  const hint = near === undefined ? `there are: ${names.join(', ')}` : `did you mean ${near}?`;
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
        print(shown(draft));
        return { accepted: true, messageId: '', sequence: 0, safe: Promise.resolve('memory') };
      },
      ready: () => Promise.resolve(),
    },
    clock,
  });
}

async function readUpTo(
  input: Input,
  intake: Intake,
  { clock }: World,
  { count, timeoutMs }: InputTest,
): Promise<void> {
  const never = new AbortController().signal;
  const late = new CommandError(
    `cannot wait longer than ${timeoutMs / 1000} s for ${count} ${count === 1 ? 'reading' : 'readings'} of ${input.name}; ` +
      '--timeout gives it more time',
  );
  let readings = 0;
  await withDeadline(clock, timeoutMs, late, never, (limit) =>
    inScope(limit, async (enough) => {
      const windows = intake.run(enough.signal);
      while (readings < count && !enough.signal.aborted) {
        await input
          .read((handed) => {
            intake.take(handed);
            readings += handed.length;
            if (readings >= count) enough.abort(new Error('that is enough'));
            return Promise.resolve();
          }, enough.signal)
          .catch((cause: unknown) => {
            if (enough.signal.aborted) return;
            throw new CommandError(`cannot read ${input.name}: ${describeError(cause)}`, { cause });
          });
        if (input.intervalMs !== undefined && readings < count)
          await untilStopped(clock.sleep(input.intervalMs, enough.signal), enough.signal);
      }
      enough.abort(new Error('that is enough'));
      await windows;
    }),
  );
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
