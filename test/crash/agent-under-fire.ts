import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { keepLogged } from '../support/test-logs.ts';

const warnLevel = 40;

/** The agent's program, started again and again on the same configuration and state. */
export class AgentUnderFire {
  /** What it has warned of, and how often, over all its lives. */
  readonly warnings = new Map<string, number>();
  /** What those said last that did not wait to be killed. */
  readonly ownEnds: string[] = [];
  readonly #program: string;
  readonly #config: string;
  readonly #stateDirectory: string;
  #child: ChildProcess | undefined;

  constructor(program: string, config: string, stateDirectory: string) {
    this.#program = program;
    this.#config = config;
    this.#stateDirectory = stateDirectory;
  }

  start(): void {
    const child = spawn(process.execPath, [this.#program, 'run', '--config', this.#config], {
      // Without a PATH it cannot ask this machine whether its clock is synchronised.
      env: { ...process.env, PATH: '', RUNTIME_DIRECTORY: '', STATE_DIRECTORY: this.#stateDirectory },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [text, errors] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (text += data.toString()));
    child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
    child.once('close', (code) => {
      keepLogged(`${text}\n${errors}\n`);
      this.#countWarnings(text);
      if (code !== null && code !== 0) this.ownEnds.push(`with status ${code}:\n${errors.slice(0, 3000)}`);
    });
    this.#child = child;
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Asked to end in order; resolves with its exit status. */
  async stop(): Promise<number | null> {
    return await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    this.#child = undefined;
    if (child.exitCode !== null) return child.exitCode;
    const closed = once(child, 'close');
    child.kill(signal);
    const [code] = (await closed) as [number | null];
    return code;
  }

  #countWarnings(text: string): void {
    for (const line of text.split('\n')) {
      const { level, msg } = parsedLine(line);
      if (level < warnLevel) continue;
      const words = msg.replaceAll(/\d+/g, '#');
      this.warnings.set(words, (this.warnings.get(words) ?? 0) + 1);
    }
  }
}

/** A line that the kill has cut off is no line. */
function parsedLine(line: string): { level: number; msg: string } {
  try {
    return JSON.parse(line) as { level: number; msg: string };
  } catch {
    return { level: 0, msg: '' };
  }
}
