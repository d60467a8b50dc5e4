import type { Readable } from 'node:stream';
import type { ExecLinesConfig } from '../../../config/inputs/exec-input.ts';
import { untilStopped } from '../../../lib/deadline.ts';
import { describeError } from '../../../lib/errors.ts';
import { inScope } from '../../../lib/scope.ts';
import { parseReadings } from '../../formats/parse-readings.ts';
import type { Reading } from '../../reading.ts';
import type { HandOver, Input } from '../input.ts';
import { ErrorOutput } from './error-output.ts';
import type { ProgramHost } from '../../../lib/program-host.ts';
import { LineSplitter, utf8 } from './line-splitter.ts';
import type { Line } from './line-splitter.ts';
import { endingInWords, startProgram } from '../../../lib/program.ts';
import type { Ending, Program } from '../../../lib/program.ts';
import { RepeatedWarning } from '../repeated-warning.ts';

/**
 * A program that runs all the time: each line it writes is readings. It is read on only when the last readings were
 * taken, so a full queue holds the program back. It is not meant to end: `read` rejects when it does, whatever its
 * status, and starts it anew when called again. What it says after the signal was aborted is not taken.
 */
export class ExecLinesInput implements Input {
  readonly name: string;
  readonly intervalMs = undefined;
  readonly #config: ExecLinesConfig;
  readonly #host: ProgramHost;
  readonly #unreadable: RepeatedWarning;
  #handingOver = false;

  constructor(config: ExecLinesConfig, host: ProgramHost) {
    this.name = config.name;
    this.#config = config;
    this.#host = { ...host, log: host.log.child({ input: config.name }) };
    this.#unreadable = new RepeatedWarning(host.clock, this.#host.log);
  }

  /** How many lines were dropped because they could not be read, since the start. */
  get unreadableLines(): number {
    return this.#unreadable.count;
  }

  async read(handOver: HandOver, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const program = await startProgram(this.#config, this.#host);
    let ended: string | undefined;
    try {
      await handOver([]);
      ended = await inScope(signal, ({ signal: scope }) =>
        untilStopped(this.#listen(program, handOver, scope), scope),
      );
    } finally {
      await program.close();
      this.#unreadable.sayRest();
    }
    if (ended !== undefined) throw new Error(`cannot go on with ${this.#config.command[0]}: ${ended}`);
  }

  /** Until the program has ended; tells how. */
  async #listen(program: Program, handOver: HandOver, signal: AbortSignal): Promise<string> {
    const errors = new ErrorOutput(this.#host.clock, this.#host.log);
    const splitter = new LineSplitter(maxLineBytes);
    const errorsRead = errors.read(program.stderr);
    const abandoned = program.ended.then(() => this.#abandoned(program, signal));
    await Promise.race([
      this.#lines(program.stdout, splitter, handOver, signal),
      abandoned,
      never(errorsRead),
    ]);
    const ending = await this.#within(graceMs, program.ended, signal);
    if (ending === undefined) return 'it has closed its output';
    await this.#lastLine(splitter, ending, handOver, signal);
    await this.#within(graceMs, errorsRead, signal);
    return endingInWords(ending, errors.last);
  }

  async #lines(
    stdout: Readable,
    splitter: LineSplitter,
    handOver: HandOver,
    signal: AbortSignal,
  ): Promise<void> {
    for await (const chunk of stdout as AsyncIterable<Buffer>) {
      const readings = [...splitter.push(chunk)].flatMap((line) => this.#readingsOf(line));
      await this.#handOver(readings, handOver, signal);
    }
  }

  /** Without a line end it is a line only if the program has not been cut short in it. */
  async #lastLine(
    splitter: LineSplitter,
    { status }: Ending,
    handOver: HandOver,
    signal: AbortSignal,
  ): Promise<void> {
    const line = splitter.rest();
    if (line === undefined || signal.aborted) return;
    if (status === 0) await this.#handOver(this.#readingsOf(line), handOver, signal);
    else this.#unreadable.warn('cannot read a line: the program ended in the middle of it');
  }

  async #handOver(readings: readonly Reading[], handOver: HandOver, signal: AbortSignal): Promise<void> {
    if (readings.length === 0 || signal.aborted) return;
    this.#handingOver = true;
    try {
      await handOver(readings);
    } finally {
      this.#handingOver = false;
    }
  }

  #readingsOf(line: Line): Reading[] {
    try {
      if ('droppedBytes' in line)
        throw new Error(
          `cannot read a line of ${line.droppedBytes} bytes: at most ${maxLineBytes} are allowed`,
        );
      const text = utf8(line.bytes);
      return text.trim() === '' ? [] : parseReadings(text, this.#config.format, this.#config.valueName);
    } catch (error) {
      this.#unreadable.warn(`a line is left out: ${describeError(error)}`);
      return [];
    }
  }

  /**
   * Ends what an ended program has left behind, which ends the output. Should a process have escaped that holds it on,
   * resolves when everything was read and nothing more has come for a while.
   */
  async #abandoned(program: Program, signal: AbortSignal): Promise<void> {
    await program.end();
    const { stdout } = program;
    for (let quietMs = 0; quietMs < graceMs && !stdout.closed; quietMs += pollMs) {
      await this.#host.clock.sleep(pollMs, signal);
      if (this.#handingOver || stdout.readableLength > 0) quietMs = 0;
    }
  }

  /** The promise's outcome, or `undefined` if it takes longer. */
  #within<T>(ms: number, promise: Promise<T>, outer: AbortSignal): Promise<T | undefined> {
    return inScope(outer, ({ signal }) =>
      Promise.race([promise, this.#host.clock.sleep(ms, signal).then(() => undefined)]),
    );
  }
}

const maxLineBytes = 64 * 1024;
const graceMs = 1000;
const pollMs = 50;

/** Rejects if the promise does, and otherwise says nothing. */
function never(promise: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    promise.catch(reject);
  });
}
