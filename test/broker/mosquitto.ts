import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Scratch } from '../support/scratch.ts';
import { keepSecret } from '../support/test-logs.ts';

const program = '/usr/sbin/mosquitto';

export interface MosquittoOptions {
  readonly users?: Readonly<Record<string, string>>;
  /** Lines for its configuration, such as `cafile`. */
  readonly lines?: readonly string[];
}

/** A real broker on a port of its own, which can be killed and started again with what it had on the disk. */
export class Mosquitto {
  readonly port: number;
  readonly #folder: string;
  #process: ChildProcess | undefined;
  #log = '';
  #logged: () => void = () => undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
  }

  /** A port that is free now may be taken in a moment: then another is tried. */
  static async start(scratch: Scratch, options: MosquittoOptions = {}): Promise<Mosquitto> {
    const folder = await scratch.folder();
    for (let attempt = 1; ; attempt += 1) {
      const broker = new Mosquitto(await freePort(), folder);
      await broker.#configure(options);
      try {
        await broker.start();
        scratch.defer(() => broker.kill());
        return broker;
      } catch (error) {
        await broker.kill();
        if (attempt === 5) throw error;
      }
    }
  }

  async start(): Promise<void> {
    const child = spawn(program, ['-c', join(this.#folder, 'mosquitto.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    this.#log = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      this.#log += text;
      this.#logged();
    });
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => {
        reject(new Error(`cannot start mosquitto: it ended with ${code ?? 'a signal'}: ${this.#log}`));
      });
    });
    await Promise.race([this.untilLogged('running', 1), failed]);
  }

  /** How often it has logged a text since it was started. */
  logged(text: string): number {
    return this.#log.split(text).length - 1;
  }

  async untilLogged(text: string, times: number): Promise<void> {
    while (this.logged(text) < times)
      await new Promise<void>((resolve) => {
        const before = this.#logged;
        this.#logged = (): void => {
          before();
          this.#logged = before;
          resolve();
        };
      });
  }

  /** Without a goodbye to anybody, and without a last look at the disk. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** As systemd would: what is to be kept is on the disk then. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  async publish(topic: string, payload: string, ...flags: readonly string[]): Promise<void> {
    await this.publishBytes(topic, Buffer.from(payload), ...flags);
  }

  async publishBytes(topic: string, payload: Buffer, ...flags: readonly string[]): Promise<void> {
    const address = ['-h', '127.0.0.1', '-p', String(this.port), '-q', '1'];
    const body = payload.length === 0 ? ['-n'] : ['-s'];
    const child = spawn('mosquitto_pub', [...address, '-t', topic, ...body, ...flags], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    child.stdin.end(payload);
    const errors = child.stderr.toArray();
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0)
      throw new Error(`cannot publish: ${Buffer.concat((await errors) as Buffer[]).toString()}`);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  async #configure({ users, lines = [] }: MosquittoOptions): Promise<void> {
    const passwords = join(this.#folder, 'passwords');
    const access = users === undefined ? ['allow_anonymous true'] : [`password_file ${passwords}`];
    if (users !== undefined) await hashed(passwords, users);
    const config = [
      `listener ${this.port} 127.0.0.1`,
      'persistence true',
      `persistence_location ${this.#folder}/`,
      // Otherwise it becomes the user mosquitto, who may not read the folder, when it is started by root.
      'user root',
      'log_dest stderr',
      'log_type all',
      ...access,
      ...lines,
    ];
    await writeFile(join(this.#folder, 'mosquitto.conf'), `${config.join('\n')}\n`);
  }
}

async function hashed(path: string, users: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(users).map(([user, password]) => {
    keepSecret(password);
    return `${user}:${password}\n`;
  });
  await writeFile(path, lines.join(''), { mode: 0o600 });
  const child = spawn('mosquitto_passwd', ['-U', path], { stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0 || (await readFile(path, 'utf8')).includes(Object.values(users)[0] ?? ''))
    throw new Error('cannot hash the passwords for mosquitto');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await once(server.close(), 'close');
  return port;
}
