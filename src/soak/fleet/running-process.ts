import { spawn } from 'node:child_process';
import type { ChildProcess, Serializable } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { Clock } from '../../lib/clock.ts';
import { LineSplitter } from '../../telemetry/inputs/exec/line-splitter.ts';
import type { Line } from '../../telemetry/inputs/exec/line-splitter.ts';

export interface ProcessPlan {
  readonly file: string;
  readonly args: readonly string[];
  /** All of it: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether messages are exchanged with it. */
  readonly hasChannel: boolean;
}

export interface ProcessListener {
  onLine(line: string): void;
  /** What came on standard error at once, line by line. */
  onErrors(lines: readonly string[]): void;
  onMessage(message: unknown): void;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of the fleet, from its start to its end. */
export interface RunningProcess {
  readonly pid: number;
  /** Resolves when it has ended and everything that it said was read. */
  readonly ended: Promise<ProcessExit>;
  signal(signal: NodeJS.Signals): void;
  send(message: Serializable): void;
}

/** Of a line of a log. */
const maxLineBytes = 256 * 1024;
/** Once a process has ended, whoever else may hold its output has so long, in milliseconds. */
const lastWordsMs = 2000;

/** Starts a program in a session of its own, so that Ctrl-C in a terminal does not reach it. Rejects when it cannot. */
export async function startProcess(
  { file, args, environment, hasChannel }: ProcessPlan,
  listener: ProcessListener,
  clock: Clock,
): Promise<RunningProcess> {
  const child = spawn(file, args, {
    detached: true,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', ...(hasChannel ? (['ipc'] as const) : [])],
  });
  const { stdout, stderr, pid } = child;
  const ended = endOf(child, clock);
  if (pid === undefined || stdout === null || stderr === null) {
    const [cause] = (await once(child, 'error')) as [Error];
    throw new Error(`cannot start ${file}`, { cause });
  }
  // Such as a message to one that has just ended: its end is told anyway.
  child.on('error', () => undefined);
  child.on('message', (message) => {
    listener.onMessage(message);
  });
  eachChunk(stdout, (lines) => {
    for (const line of lines) listener.onLine(line);
  });
  eachChunk(stderr, (lines) => {
    listener.onErrors(lines);
  });
  return {
    pid,
    ended,
    signal: (signal) => {
      child.kill(signal);
    },
    send: (message) => {
      if (child.connected) child.send(message);
    },
  };
}

function endOf(child: ChildProcess, clock: Clock): Promise<ProcessExit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      const closed = new AbortController();
      child.once('close', () => {
        closed.abort();
      });
      // Its output may be held open by something that it started.
      const letGo = (): void => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve({ code, signal });
      };
      clock.sleep(lastWordsMs, closed.signal).then(letGo, letGo);
    });
  });
}

function eachChunk(stream: Readable, onLines: (lines: readonly string[]) => void): void {
  const splitter = new LineSplitter(maxLineBytes);
  stream.on('data', (chunk: Buffer) => {
    const lines = [...splitter.push(chunk)].map(textOf);
    if (lines.length > 0) onLines(lines);
  });
  stream.once('end', () => {
    const rest = splitter.rest();
    if (rest !== undefined) onLines([textOf(rest)]);
  });
}

/** What is no UTF-8 is shown as far as it can be: a line that was cut off by SIGKILL, for one. */
function textOf(line: Line): string {
  return 'bytes' in line ? line.bytes.toString('utf8') : `a line of ${line.droppedBytes} bytes, not kept`;
}
