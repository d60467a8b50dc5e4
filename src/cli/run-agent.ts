import process from 'node:process';
import { pino } from 'pino';
import { claimDirectory, DirectoryInUseError } from '../lib/claimed-directory.ts';
import type { Claim } from '../lib/claimed-directory.ts';
import { untilStopped } from '../lib/deadline.ts';
import type { Log } from '../lib/log.ts';
import { StopRequest } from '../stop-request.ts';
import { agentVersion } from '../version.ts';
import { realWorld } from '../world.ts';
import type { World } from '../world.ts';
import { makeAgent, reloadingOf, setUpAgent } from './agent-setup.ts';
import type { LogOutput } from './create-log.ts';
import { nameProcess } from './process-name.ts';
import { RunMark } from './run-mark.ts';
import { runningAgent } from './running-agent.ts';
import { socketPathFor } from './socket-path.ts';
import { systemdNotifier } from './systemd-notifier.ts';
import { CommandError, exitCodes } from './usage.ts';

/** An orderly end has this long, in milliseconds; then the process ends all the same, still in order. */
const stopDeadlineMs = 4500;

/** And its mark this long to be taken away, in milliseconds. */
const markDeadlineMs = 400;

const never = new AbortController().signal;

/** Runs until a signal or the cloud ends it, and returns the exit code. Throws a ConfigError before it starts. */
export async function runAgent(configPath: string): Promise<number> {
  // Before anything else: until somebody listens, Node answers SIGUSR1 by opening its debugger to the whole machine.
  const requests = new EarlySignal('SIGUSR1');
  const reloads = new EarlySignal('SIGHUP');
  nameProcess('dps-agent');
  const setup = await setUpAgent(configPath, standardOutput(), process.getuid?.());
  const { live, log, stateDirectory } = setup;
  const claim = await claimStateDirectory(stateDirectory, log);
  const world = await realWorld(live, log, stateDirectory);
  log.info({ version: agentVersion, config: configPath, stateDirectory }, `dps-agent ${agentVersion} starts`);

  const mark = new RunMark({ stateDirectory, pid: process.pid, root: world.root, log });
  const lastEnd = await mark.lastEnd();
  const notifier = systemdNotifier(log);
  const stop = new StopRequest();
  stopOnSignals(stop, log);
  const agent = await makeAgent(setup, world, {
    pid: process.pid,
    lastEnd,
    socketPath: socketPathFor(stateDirectory),
    stop,
    supervision: notifier === undefined ? undefined : { notifier, stopDeadlineMs },
  });
  const reloading = reloadingOf(setup, agent, notifier, () => process.hrtime.bigint() / 1000n);
  reloads.handle(() => {
    // A terminal that was closed is no wish for another configuration.
    if (process.stdout.isTTY) stop.stop('its terminal was closed');
    else void reloading.request();
  });
  requests.handle(() => {
    agent.requestReprovision('by SIGUSR1');
  });
  await mark.begin();
  const running = agent.run(stop.signal);
  await Promise.race([running, stopDeadline(stop.signal, world)]);
  // A disk that does not answer keeps nobody from ending.
  const leaving = mark.end().then(() => claim.release());
  await Promise.race([leaving, world.clock.sleep(markDeadlineMs, never)]);
  return stop.isForRestart ? exitCodes.restart : exitCodes.success;
}

/** Two agents on one state directory would cut and delete each other's queue. */
async function claimStateDirectory(stateDirectory: string, log: Log): Promise<Claim> {
  try {
    return await claimDirectory(stateDirectory, log);
  } catch (error) {
    if (!(error instanceof DirectoryInUseError)) throw error;
    const pid = await runningAgent(stateDirectory);
    const [who, how] = pid === undefined ? ['', ''] : [`, process ${pid},`, `, or kill ${pid}`];
    throw new CommandError(
      `cannot run on ${stateDirectory}: another agent${who} does; stop that one first: sudo systemctl stop dps-agent${how}`,
    );
  }
}

/**
 * SIGUSR1: an operator wants DPS asked; SIGHUP: the configuration read again. One that comes before the agent is made is
 * kept for it.
 */
class EarlySignal {
  #isPending = false;
  #onSignal = (): void => {
    this.#isPending = true;
  };

  constructor(signal: NodeJS.Signals) {
    process.on(signal, () => {
      this.#onSignal();
    });
  }

  handle(onSignal: () => void): void {
    this.#onSignal = onSignal;
    if (this.#isPending) onSignal();
  }
}

function standardOutput(): LogOutput {
  const destination = pino.destination({ fd: process.stdout.fd, sync: true });
  // Whoever read the log is gone, and there is nowhere left to say so; the agent's work goes on.
  destination.on('error', () => undefined);
  return {
    isTerminal: process.stdout.isTTY,
    write: (line) => {
      destination.write(line);
    },
  };
}

/** By the first SIGTERM or SIGINT in order; by the second at once. */
function stopOnSignals(stop: StopRequest, log: Log): void {
  let isSecond = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isSecond) {
      log.warn(`${signal} again: stopping at once`);
      process.exit(exitCodes.secondSignal);
    }
    isSecond = true;
    log.info(`${signal}: stopping`);
    stop.stop(`stopped by ${signal}`);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

async function stopDeadline(stop: AbortSignal, { clock, log }: World): Promise<void> {
  await untilStopped(clock.sleep(Infinity, stop), stop);
  await clock.sleep(stopDeadlineMs, never);
  log.warn(`not everything ended within ${stopDeadlineMs} ms: leaving it`);
}
