import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Hub } from './hub.ts';

const root = join(import.meta.dirname, '..');

/** The bare script as a file that plain Node runs, with what it has to know in its environment. */
export class BareScript {
  readonly #folder: string;
  readonly #node: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #connectionString: string;

  private constructor(folder: string, node: string, env: NodeJS.ProcessEnv, connectionString: string) {
    this.#folder = folder;
    this.#node = node;
    this.#env = env;
    this.#connectionString = connectionString;
  }

  /** @param node the program that runs it */
  static async make(hub: Hub, node: string): Promise<BareScript> {
    const folder = await mkdtemp(join(tmpdir(), 'dps-agent-bench-script-'));
    // Only its types are taken off: its packages are loaded from where npm has put them, as everybody's are.
    const entryPoints = [join(import.meta.dirname, 'bare-sdk.ts')];
    const outfile = join(folder, 'bare-sdk.cjs');
    await build({
      entryPoints,
      outfile,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'cjs',
    });
    const { dps, scopeId, caFile } = hub.address;
    const env = {
      PATH: process.env['PATH'] ?? '',
      NODE_PATH: join(root, 'node_modules'),
      NODE_EXTRA_CA_CERTS: caFile,
      DPS_HOST: `${dps.host}:${dps.port}`,
      ID_SCOPE: scopeId,
      REGISTRATION_ID: 'script',
      SYMMETRIC_KEY: await hub.enroll('script'),
    };
    return new BareScript(folder, node, env, await hub.addDevice('told'));
  }

  run(): RunningScript {
    return this.#run(this.#env);
  }

  /** Without DPS: it is told its hub. */
  runTold(): RunningScript {
    return this.#run({ ...this.#env, CONNECTION_STRING: this.#connectionString });
  }

  #run(env: NodeJS.ProcessEnv): RunningScript {
    const file = join(this.#folder, 'bare-sdk.cjs');
    return new RunningScript(spawn(this.#node, [file], { env, stdio: 'inherit' }));
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}

export class RunningScript {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
