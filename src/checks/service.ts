import { describeError } from '../lib/errors.ts';
import { unitName } from '../supervision/unit-name.ts';
import { MachineFiles } from '../telemetry/inputs/system/machine-files.ts';
import { agentVersion } from '../version.ts';
import { error, ok, skipped, unknown, warning } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Scene } from './scene.ts';
import { unitProperties } from './unit-properties.ts';

const properties = [
  'LoadState',
  'ActiveState',
  'SubState',
  'UnitFileState',
  'Result',
  'NeedDaemonReload',
] as const;

const socket: Check = {
  id: 'socket',
  looksAt: 'whether the running agent answers this machine’s own tools at its socket',
  command: 'journalctl -u dps-agent -e',
  run: ({ agent }) => {
    if (agent.kind === 'answers') return ok(`the agent answers at ${agent.at}`);
    if (agent.kind === 'absent')
      return skipped('the agent is not running', { command: 'sudo systemctl start dps-agent' });
    if (agent.isForbidden) return skipped(agent.why, { command: 'sudo dps-agent check' });
    return error(agent.why, {
      remedy: 'its log says why it does not listen',
      command: 'journalctl -u dps-agent',
    });
  },
};

const unit: Check = {
  id: 'unit',
  looksAt: 'whether the systemd service is installed, and what has become of it',
  command: 'systemctl status dps-agent',
  run: async ({ machine }, signal) => {
    const unitState = await installed(machine, signal);
    if ('status' in unitState) return unitState;
    const { LoadState, ActiveState, SubState, Result, NeedDaemonReload } = unitState;
    const seen = `${unitName} is ${ActiveState ?? 'unknown'} (${SubState ?? 'unknown'})`;
    if (ActiveState === 'failed' || LoadState !== 'loaded') {
      return error(`${seen}, ${LoadState ?? 'unknown'}: ${Result ?? 'unknown'}`, {
        remedy: 'its log says why; after putting it right, start it',
        command: 'journalctl -u dps-agent -e; sudo systemctl restart dps-agent',
      });
    }
    if (NeedDaemonReload === 'yes') {
      const command = 'sudo systemctl daemon-reload && sudo systemctl restart dps-agent';
      return warning(`${seen}, and its files have changed since`, { command });
    }
    return ok(seen);
  },
};

const enabled: Check = {
  id: 'unit-enabled',
  looksAt: 'whether the service starts with the machine',
  command: 'systemctl status dps-agent',
  needs: ['unit'],
  run: async ({ machine }, signal) => {
    const unitState = await installed(machine, signal);
    if ('status' in unitState) return unitState;
    const state = unitState.UnitFileState ?? 'unknown';
    if (/^(?:enabled|static|generated|alias|indirect)/.test(state)) return ok(`${unitName} is ${state}`);
    return warning(`${unitName} is ${state === '' ? 'not enabled' : state}`, {
      remedy: 'have it start with the machine',
      command: 'sudo systemctl enable --now dps-agent',
    });
  },
};

/** From here on systemd-analyze itself speaks of MEDIUM exposure; the unit as it is shipped has at most 1.5. */
const muchExposed = 5;

const sandbox: Check = {
  id: 'unit-sandbox',
  looksAt: 'how much of the machine the service could reach',
  command: 'systemd-analyze security dps-agent',
  needs: ['unit'],
  run: async (scene, signal) => {
    if (scene.isInside) return confinement(scene);
    let output: string;
    try {
      const args = ['security', '--no-pager', unitName];
      output = await scene.machine.runProgram('systemd-analyze', args, signal);
    } catch (thrown) {
      return skipped(describeError(thrown));
    }
    const [, level] = /exposure level for \S+: (\d+(?:\.\d+)?)/.exec(output) ?? [];
    if (level === undefined) return skipped('systemd-analyze says nothing of its exposure');
    const seen = `the exposure of ${unitName} is ${level} of 10 by systemd-analyze`;
    if (Number(level) < muchExposed) return ok(seen);
    return warning(seen, {
      remedy: 'a drop-in takes away much of the sandbox: look at what it is needed for',
      command: `systemctl cat ${unitName}; systemd-analyze security ${unitName}`,
    });
  },
};

const version: Check = {
  id: 'version',
  looksAt: 'which version this is, on which Node, and whether the running agent is the same',
  command: 'dps-agent status',
  run: ({ agent, machine }) => {
    const seen = `dps-agent ${agentVersion} on Node ${machine.nodeVersion}`;
    if (agent.kind !== 'answers' || agent.status.agent.version === agentVersion) return ok(seen);
    return warning(`${seen}; the running agent is still ${agent.status.agent.version}`, {
      remedy: 'start the new one',
      command: 'sudo systemctl restart dps-agent',
    });
  },
};

export const serviceChecks: readonly Check[] = [socket, unit, enabled, sandbox];
export const versionChecks: readonly Check[] = [version];

type UnitState = Readonly<Partial<Record<(typeof properties)[number], string>>>;

/** What systemd says of the unit; or that there is none to be looked at. */
async function installed(machine: Scene['machine'], signal: AbortSignal): Promise<UnitState | Finding> {
  const unitState = await unitProperties(properties, machine.runProgram, signal);
  if (unitState === undefined) return unknown('there is no systemd here to ask');
  if (unitState.LoadState !== 'not-found') return unitState;
  return unknown(`there is no ${unitName}: the agent is run by hand`);
}

/** What the kernel says of this very process (proc(5)). */
async function confinement({ machine }: Scene): Promise<Finding> {
  const status = await new MachineFiles(machine.root).text('proc/self/status');
  const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)$`, 'm').exec(status)?.[1] ?? '';
  const [filter, noNew, effective] = [field('Seccomp'), field('NoNewPrivs'), field('CapEff')];
  const seen = `user ${machine.userId}, system calls ${filter === '2' ? 'filtered' : 'not filtered'}, new privileges ${noNew === '1' ? 'impossible' : 'possible'}, capabilities ${effective}`;
  if (filter === '2' && noNew === '1' && /^0+$/.test(effective) && machine.userId !== 0) return ok(seen);
  return warning(seen, {
    remedy: 'run the agent as the service that comes with it, whose sandbox has all of this',
    command: `systemd-analyze security ${unitName}`,
  });
}
