import { join } from 'node:path';
import type { FleetOptions } from './fleet-options.ts';
import { clockFileOf } from './members.ts';
import type { Member } from './fleet.ts';
import type { ProcessPlan } from './running-process.ts';

/** As packaging/debian/dps-agent.sh starts the agent; a test holds them together. */
export const packagedFlags: readonly string[] = ['--max-old-space-size=256', '--max-semi-space-size=8'];

/** How the process of these members is started: as installed where there is one, else as a crew. */
export function unitPlan(options: FleetOptions, unit: string, members: readonly Member[]): ProcessPlan {
  const { host, programs } = options;
  const [only] = members;
  if (host === 'process' && only !== undefined) {
    return {
      file: programs.node,
      args: [...packagedFlags, ...programs.agent, 'run', '--config', only.configPath],
      environment: environmentFor(options, unit),
      hasChannel: false,
    };
  }
  return {
    file: programs.node,
    // A crew's heap is that of many, and as large as V8 makes it.
    args: [...programs.soak, 'crew'],
    environment: { ...environmentFor(options, unit), ...trustFor(options) },
    hasChannel: true,
  };
}

/** Nothing of the director's own: no service manager's words, no proxy, no secret. Without a PATH no clock is asked for. */
function environmentFor({ directory, fakeTimeLibrary }: FleetOptions, unit: string): Record<string, string> {
  const fakeTime =
    fakeTimeLibrary === undefined
      ? {}
      : {
          LD_PRELOAD: fakeTimeLibrary,
          FAKETIME_TIMESTAMP_FILE: clockFileOf(directory, unit),
          FAKETIME_NO_CACHE: '1',
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
        };
  return { PATH: '', LANG: 'C.UTF-8', NODE_COMPILE_CACHE: join(directory, 'cache'), ...fakeTime };
}

function trustFor({ target }: FleetOptions): Record<string, string> {
  return target.kind === 'simulator' ? { NODE_EXTRA_CA_CERTS: target.cloud.simulator.caFile } : {};
}
