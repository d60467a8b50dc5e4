import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '../src/lib/clock.ts';
import { Secret } from '../src/lib/secret.ts';
import { deriveDeviceKey } from '../src/provisioning/derive-device-key.ts';
import { crewLine } from '../src/soak/crew/crew-message.ts';
import type { CrewMember } from '../src/soak/crew/crew-message.ts';
import { memberConfig } from '../src/soak/fleet/member-config.ts';
import { startProcess } from '../src/soak/fleet/running-process.ts';
import type { RunningProcess } from '../src/soak/fleet/running-process.ts';
import type { FleetAddress } from './fleet-hub.ts';
import { pass } from './pass.ts';

/** How a crew is started. */
export interface CrewProgram {
  /** The path of the built `dps-agent-soak.cjs`. */
  readonly path: string;
  /** For Node, such as `--cpu-prof`. */
  readonly flags: readonly string[];
}

/**
 * The product's own presets, but for two: nobody asks whether this machine's clock is right, and everybody measures the
 * machine once a minute, which is a message a minute.
 */
const settings = {
  connection: null,
  telemetry: { queue: null, inputs: [{ name: 'system', type: 'system', interval: '60s' }] },
};
const secondMs = 1000;

/** Many agents in one process, with a folder each on this machine's disk; nothing of them was there before. */
export class FleetCrew {
  readonly agents: number;
  readonly #folder: string;
  readonly #connectedMs = new Map<string, number>();
  #process: RunningProcess | undefined;
  #begunMs = NaN;
  #disconnects = 0;
  #trouble: string[] = [];
  #hasEnded = false;

  private constructor(agents: number, folder: string) {
    this.agents = agents;
    this.#folder = folder;
  }

  /** All of its agents start at once, now. */
  static async start(agents: number, hub: FleetAddress, program: CrewProgram): Promise<FleetCrew> {
    const crew = new FleetCrew(agents, await mkdtemp(join(tmpdir(), 'dps-agent-fleet-')));
    try {
      await crew.#begin(hub, program);
      return crew;
    } catch (error) {
      await crew.end();
      throw error;
    }
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** How often anybody was connected and is so no longer. */
  get disconnects(): number {
    return this.#disconnects;
  }

  /** After how long each of those that were ever connected was so first, in milliseconds, in order. */
  get connectedMs(): readonly number[] {
    return [...this.#connectedMs.values()].toSorted((a, b) => a - b);
  }

  /** Until everybody was connected once, or so long has passed. Rejects when the process has ended. */
  async untilConnected(deadlineMs: number): Promise<void> {
    while (this.#connectedMs.size < this.agents && performance.now() - this.#begunMs < deadlineMs) {
      if (this.#hasEnded) throw new Error(`the crew has ended:\n${this.#trouble.join('\n')}`);
      await pass(secondMs / 10);
    }
  }

  async end(): Promise<void> {
    this.#process?.signal('SIGTERM');
    await this.#process?.ended;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #begin(hub: FleetAddress, { path, flags }: CrewProgram): Promise<void> {
    const members: CrewMember[] = [];
    for (let number = 1; number <= this.agents; number += 1)
      members.push(await this.#furnish(`fleet-${String(number).padStart(4, '0')}`, hub));
    // Whoever builds meanwhile takes nothing away.
    const program = join(this.#folder, 'dps-agent-soak.cjs');
    await copyFile(path, program);
    const plan = {
      file: process.execPath,
      args: [...flags, program, 'crew'],
      environment: {
        PATH: '',
        NODE_COMPILE_CACHE: join(this.#folder, 'compiled'),
        NODE_EXTRA_CA_CERTS: hub.caFile,
      },
      hasChannel: true,
    };
    this.#process = await startProcess(plan, this.#listener(), new SystemClock());
    void this.#process.ended.then(() => {
      this.#hasEnded = true;
    });
    this.#begunMs = performance.now();
    this.#process.send({ kind: 'begin', members, spreadMs: 0 });
  }

  async #furnish(name: string, hub: FleetAddress): Promise<CrewMember> {
    const folder = join(this.#folder, name);
    const stateDirectory = join(folder, 'state');
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
    const facts = {
      endpoint: hub.endpoint,
      scopeId: hub.scopeId,
      attestation: {
        method: 'symmetric_key',
        registration_id: name,
        symmetric_key: deriveDeviceKey(new Secret(hub.groupKey), name).reveal(),
      },
      stateDirectory,
      socketPath: join(stateDirectory, 'agent.sock'),
    };
    const configPath = join(folder, 'config.yaml');
    await writeFile(configPath, memberConfig(facts, settings), { mode: 0o600 });
    return { name, configPath };
  }

  #listener(): Parameters<typeof startProcess>[1] {
    return {
      onLine: (text) => {
        this.#take(text);
      },
      onErrors: (lines) => {
        this.#keep(lines);
      },
      onMessage: () => undefined,
    };
  }

  #take(text: string): void {
    const { name, line } = crewLine(text) ?? { name: '', line: text };
    if (!line.startsWith('{')) {
      this.#keep([text]);
      return;
    }
    const { state, level } = JSON.parse(line) as { state?: string; level?: number | string };
    if (level === 'fatal' || level === 60) this.#keep([text]);
    if (state === 'connected' && !this.#connectedMs.has(name))
      this.#connectedMs.set(name, performance.now() - this.#begunMs);
    if (state === 'waiting' && this.#connectedMs.has(name)) this.#disconnects += 1;
  }

  #keep(lines: readonly string[]): void {
    this.#trouble = [...this.#trouble, ...lines].slice(-20);
  }
}
