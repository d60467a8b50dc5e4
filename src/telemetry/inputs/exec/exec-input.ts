import type { Readable } from 'node:stream';
import type { ExecInputConfig, ExecIntervalConfig } from '../../../config/inputs/exec-input.ts';
import { withDeadline } from '../../../lib/deadline.ts';
import { ConfigError } from '../../../lib/errors.ts';
import { parseReadings } from '../../formats/parse-readings.ts';
import type { Reading } from '../../reading.ts';
import type { HandOver, Input } from '../input.ts';
import { ErrorOutput } from './error-output.ts';
import type { ProgramHost } from '../../../lib/program-host.ts';
import { ExecLinesInput } from './exec-lines-input.ts';
import { utf8 } from './line-splitter.ts';
import { endingInWords, startProgram } from '../../../lib/program.ts';
import type { Ending, Program } from '../../../lib/program.ts';

/** Throws a ConfigError when the program is to run as another user and the agent is not root. */
export function createExecInput(config: ExecInputConfig, host: ProgramHost): Input {
  const { user, name, mode } = config;
  if (user !== undefined && host.userId !== 0)
    throw new ConfigError(
      `cannot run input ${name} as user ${user}: only root can, and the agent is not root`,
    );
  return mode === 'lines' ? new ExecLinesInput(config, host) : new ExecInput(config, host);
}

/** Runs a program to its end and takes what it wrote to standard output for readings. */
class ExecInput implements Input {
  readonly name: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly #config: ExecIntervalConfig;
  readonly #host: ProgramHost;

  constructor(config: ExecIntervalConfig, host: ProgramHost) {
    this.name = config.name;
    this.intervalMs = config.intervalMs;
    this.timeoutMs = config.timeoutMs;
    this.#config = config;
    this.#host = { ...host, log: host.log.child({ input: config.name }) };
  }

  async read(handOver: HandOver, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const readings = await this.#measure(signal);
    if (readings.length > 0) await handOver(readings);
  }

  /** Nothing if the signal is aborted meanwhile. */
  async #measure(signal: AbortSignal): Promise<Reading[]> {
    const program = await startProgram(this.#config, this.#host);
    try {
      const output = await this.#outputOf(program, signal);
      return parseReadings(utf8(output), this.#config.format, this.#config.valueName);
    } catch (cause) {
      if (signal.aborted) return [];
      throw new Error(`cannot use ${this.#config.command[0]}`, { cause });
    } finally {
      await program.close();
    }
  }

  async #outputOf(program: Program, signal: AbortSignal): Promise<Buffer> {
    const { timeoutMs, maxOutputBytes } = this.#config;
    const { clock, log } = this.#host;
    const errors = new ErrorOutput(clock, log);
    const late = new Error(`it has not ended within ${timeoutMs / 1000} s`);
    const [output, ending] = await withDeadline(clock, timeoutMs, late, signal, () =>
      Promise.all([outputOf(program.stdout, maxOutputBytes), endingOf(program), errors.read(program.stderr)]),
    );
    if (ending.status !== 0) throw new Error(endingInWords(ending, errors.first));
    return output;
  }
}

/** The output ends when all who hold it have: those in the background, too, which a program must not leave behind. */
async function endingOf(program: Program): Promise<Ending> {
  const ending = await program.ended;
  await program.end();
  return ending;
}

async function outputOf(stdout: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`it wrote more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
