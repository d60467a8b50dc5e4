import type { Readable } from 'node:stream';
import type { MessageCommand } from '../config/messages-schema.ts';
import { withDeadline } from '../lib/deadline.ts';
import { endingInWords, startProgram } from '../lib/program.ts';
import type { Ending, Program } from '../lib/program.ts';
import type { ProgramHost } from '../lib/program-host.ts';
import type { MessageContent } from './cloud-message.ts';
import { commandEnvironment } from './command-environment.ts';
import type { Handler } from './handler.ts';

/** Runs a program with the message's body on its standard input. Status 0: handled. */
export class CommandHandler implements Handler {
  readonly isRisky = true;
  readonly #command: MessageCommand;
  readonly #host: ProgramHost;

  constructor(command: MessageCommand, host: ProgramHost) {
    this.#command = command;
    this.#host = host;
  }

  async handle(message: MessageContent, signal: AbortSignal): Promise<undefined> {
    const { environment, ...command } = this.#command;
    const variables = { ...environment, ...commandEnvironment(message) };
    const program = await startProgram(
      { ...command, environment: variables, input: message.body },
      this.#host,
    );
    try {
      await this.#untilDone(program, signal);
    } catch (cause) {
      throw new Error(`cannot use ${command.command[0]}`, { cause });
    } finally {
      await program.close();
    }
  }

  async #untilDone(program: Program, signal: AbortSignal): Promise<void> {
    const { timeoutMs, maxOutputBytes } = this.#command;
    const late = new Error(`it has not ended within ${timeoutMs / 1000} s`);
    const [ending, said] = await withDeadline(this.#host.clock, timeoutMs, late, signal, () =>
      Promise.all([
        endingOf(program),
        firstLine(program.stderr, maxOutputBytes),
        firstLine(program.stdout, maxOutputBytes),
      ]),
    );
    if (ending.status !== 0) throw new Error(endingInWords(ending, said));
  }
}

/** The output ends when all who hold it have: those in the background, too, which a program must not leave behind. */
async function endingOf(program: Program): Promise<Ending> {
  const ending = await program.ended;
  await program.end();
  return ending;
}

const shownCharacters = 200;

/** Reads to the end; more than so many bytes are too much. */
async function firstLine(stream: Readable, maxBytes: number): Promise<string> {
  let bytes = 0;
  let start = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`it wrote more than ${maxBytes} bytes`);
    if (start.length < 4 * shownCharacters) start = Buffer.concat([start, chunk]);
  }
  const [line = ''] = start.toString().trim().split('\n');
  return line.length > shownCharacters ? `${line.slice(0, shownCharacters)}…` : line;
}
