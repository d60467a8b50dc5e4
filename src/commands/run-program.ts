import type { CommandConfig } from '../config/commands-schema.ts';
import { withDeadline } from '../lib/deadline.ts';
import type { JsonObject } from '../lib/json.ts';
import { startProgram } from '../lib/program.ts';
import type { Ending, Program } from '../lib/program.ts';
import type { ProgramHost } from '../lib/program-host.ts';
import { WorkError } from '../work-error.ts';
import { OutputKeeper } from './kept-output.ts';

/** How a command is carried out, whatever the words are. */
export type CommandFrame = Pick<
  CommandConfig,
  'name' | 'user' | 'directory' | 'timeoutMs' | 'maxOutputBytes'
>;

/**
 * Runs a program to its end and tells how that was, with the beginning of what it wrote. Whatever it has started has ended
 * with it. Rejects with COMMAND-START, with COMMAND-TIMEOUT, or with the signal's reason.
 */
export async function runProgram(
  frame: CommandFrame,
  argv: readonly [string, ...string[]],
  host: ProgramHost,
  signal: AbortSignal,
): Promise<JsonObject> {
  const { name, timeoutMs, maxOutputBytes } = frame;
  const doing = `run the command ${name}`;
  const startedMs = host.clock.monotonic();
  const program = await start(frame, argv, host, doing);
  const [stdout, stderr] = [new OutputKeeper(maxOutputBytes), new OutputKeeper(maxOutputBytes)];
  try {
    const cause = new Error(`it has had ${timeoutMs / 1000} s`);
    const late = new WorkError('COMMAND-TIMEOUT', doing, { cause });
    const ending = await withDeadline(host.clock, timeoutMs, late, signal, async () => {
      const [end] = await Promise.all([
        endingOf(program),
        stdout.read(program.stdout),
        stderr.read(program.stderr),
      ]);
      return end;
    });
    const durationMs = Math.round(host.clock.monotonic() - startedMs);
    return { ...endingAsJson(ending), durationMs, ...told('stdout', stdout), ...told('stderr', stderr) };
  } finally {
    await program.close();
  }
}

async function start(
  frame: CommandFrame,
  argv: readonly [string, ...string[]],
  host: ProgramHost,
  doing: string,
): Promise<Program> {
  const { user, directory } = frame;
  const place = {
    ...(user === undefined ? {} : { user }),
    ...(directory === undefined ? {} : { directory }),
  };
  try {
    return await startProgram({ command: argv, environment: {}, ...place }, host);
  } catch (cause) {
    throw new WorkError('COMMAND-START', doing, { cause });
  }
}

/** Who holds the output open in the background ends with the program. */
async function endingOf(program: Program): Promise<Ending> {
  const ending = await program.ended;
  await program.end();
  return ending;
}

function endingAsJson({ status, signal }: Ending): JsonObject {
  return signal === null ? { exitStatus: status } : { signal };
}

/** What was cut is said. */
function told(name: 'stdout' | 'stderr', keeper: OutputKeeper): JsonObject {
  const { text, bytes } = keeper.output;
  const keptBytes = Buffer.byteLength(text);
  return bytes > keptBytes
    ? { [name]: text, [`${name}Bytes`]: bytes, [`${name}Truncated`]: true }
    : { [name]: text };
}
