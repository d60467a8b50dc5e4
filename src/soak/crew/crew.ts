import type { Agent } from '../../agent.ts';
import { makeAgent, reloadingOf, setUpAgent } from '../../cli/agent-setup.ts';
import type { AgentSetup } from '../../cli/agent-setup.ts';
import type { LogOutput } from '../../cli/create-log.ts';
import { socketPathFor } from '../../cli/socket-path.ts';
import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../lib/clock.ts';
import { untilStopped } from '../../lib/deadline.ts';
import { runAll } from '../../lib/service.ts';
import type { Service } from '../../lib/service.ts';
import { StopRequest } from '../../stop-request.ts';
import type { Reloading } from '../../supervision/reloading.ts';
import { agentVersion } from '../../version.ts';
import { newCommons, realWorld } from '../../world.ts';
import type { World } from '../../world.ts';
import { asCrewLine } from './crew-message.ts';
import type { CrewMember } from './crew-message.ts';
import { Turns } from './turns.ts';

/**
 * So many are made at once: a thousand that read their files together would all be ready only when the last one is, and then
 * greet DPS in one instant that no event loop gets through within a connect timeout.
 */
const madeAtOnce = 16;

export interface CrewOptions {
  readonly members: readonly CrewMember[];
  /** Over how long their starts are spread, in milliseconds. */
  readonly spreadMs: number;
  readonly pid: number;
  readonly userId: number | undefined;
  /** Takes a line of anybody's log, its end included, at once. */
  readonly write: (line: string) => void;
  readonly monotonicUsec: () => bigint;
  readonly clock: Clock;
}

/** Agents that share a process, and with it what an agent alone has for itself; each is composed as `dps-agent run` does. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #commons = newCommons();
  readonly #turns = new Turns(madeAtOnce);
  readonly #reloadings = new Map<string, Reloading<Config>>();

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  /** Runs until the signal is aborted. When an agent fails, so does all of it: that is a bug, or a configuration. */
  async run(signal: AbortSignal): Promise<void> {
    const { members, spreadMs } = this.#options;
    const stepMs = spreadMs / Math.max(1, members.length);
    const services = members.map((member, index): Service => ({
      name: member.name,
      run: (stop) => this.#live(member, index * stepMs, stop),
    }));
    await runAll(services, signal);
  }

  /** One that is not up yet reads its configuration anyway. */
  reload(name: string): void {
    void this.#reloadings.get(name)?.request();
  }

  async #live(member: CrewMember, delayMs: number, signal: AbortSignal): Promise<void> {
    await untilStopped(this.#options.clock.sleep(delayMs, signal), signal);
    while (!signal.aborted) {
      const stop = new StopRequest();
      const onAbort = (): void => {
        stop.stop('the crew is stopped');
      };
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        await this.#liveOnce(member, stop);
      } finally {
        signal.removeEventListener('abort', onAbort);
        this.#reloadings.delete(member.name);
      }
    }
  }

  async #liveOnce(member: CrewMember, stop: StopRequest): Promise<void> {
    const agent = await this.#turns.take(() => this.#make(member, stop));
    await agent?.run(stop.signal);
  }

  /** Resolves with `undefined` when the crew was stopped before it was its turn. */
  async #make({ name, configPath }: CrewMember, stop: StopRequest): Promise<Agent | undefined> {
    if (stop.signal.aborted) return undefined;
    const { pid, userId, monotonicUsec } = this.#options;
    const setup = await setUpAgent(configPath, this.#outputOf(name), userId);
    const world = await this.#worldFor(setup);
    const { stateDirectory, log } = setup;
    log.info(
      { version: agentVersion, config: configPath, stateDirectory },
      `dps-agent ${agentVersion} starts in a crew`,
    );
    const agent = await makeAgent(setup, world, {
      ...{ pid, stop, supervision: undefined },
      socketPath: socketPathFor(stateDirectory),
    });
    this.#reloadings.set(name, reloadingOf(setup, agent, undefined, monotonicUsec));
    return agent;
  }

  async #worldFor({ live, log, stateDirectory }: AgentSetup): Promise<World> {
    const world = await realWorld(live, log, stateDirectory, undefined, this.#commons);
    // A thousand agents would start a thousand programs, to be told the same of one clock.
    const runProgram = (): Promise<never> =>
      Promise.reject(new Error('a crew does not ask whether its machine’s clock is synchronised'));
    return { ...world, runProgram };
  }

  #outputOf(name: string): LogOutput {
    const { write } = this.#options;
    return {
      isTerminal: false,
      write: (line) => {
        write(asCrewLine(name, line));
      },
    };
  }
}
