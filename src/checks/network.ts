import { parseTarget, targetOf } from '../azure/target.ts';
import { CloudError } from '../cloud-error.ts';
import { describeError } from '../lib/errors.ts';
import { error, failed, ok, skipped, unknown, warning } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Destination, Door, TlsReport } from './network-probe.ts';
import type { Device, Scene } from './scene.ts';

/** Which service the checks of the way are about. */
export interface Goal {
  /** What the IDs of its checks begin with. */
  readonly prefix: 'dps' | 'hub';
  readonly name: string;
  readonly after: readonly string[];
  /** What there is to be said instead where it is not known, or not asked. */
  readonly destination: (scene: Scene) => Promise<Destination | Finding>;
}

export const dpsGoal: Goal = {
  prefix: 'dps',
  name: 'DPS',
  after: [],
  destination: ({ device }) => Promise.resolve(dpsOf(device) ?? skipped('source manual does not ask DPS')),
};

export const hubGoal: Goal = {
  prefix: 'hub',
  name: 'the assigned hub',
  after: ['dps-register'],
  destination: async ({ device, agent }) => {
    const told = agent.kind === 'answers' ? agent.status.state.hub : undefined;
    const hub = told ?? (await device.identity())?.assignment.assignedHub;
    if (hub === undefined) return unknown('no hub is known yet: DPS assigns one');
    return { service: 'HUB', ...parseTarget(hub) };
  },
};

const proxy: Check = {
  id: 'proxy',
  looksAt: 'whether the proxy can be reached and accepts the credentials, where there is one',
  command: 'dps-agent config show',
  isOnline: true,
  needs: ['config'],
  run: async (scene, signal) => {
    const { device } = scene;
    const destination = dpsOf(device) ?? (await hubGoal.destination(scene));
    if ('status' in destination) return destination;
    const { probe } = device.world;
    const [door] = probe.doors(destination);
    const name = door && (await probe.proxyFor(destination, door));
    if (door === undefined || name === undefined) return skipped('there is no proxy on the way');
    try {
      await probe.reach(destination, door, signal);
    } catch (thrown) {
      // What lies behind the proxy, and which ports it lets out, is for the next checks to tell.
      const isProxys =
        thrown instanceof CloudError && (thrown.code === 'PROXY-407' || thrown.code === 'PROXY-UNREACHABLE');
      const [host, port] = [name.replace(/:\d+$/, ''), name.replace(/^.*:/, '')];
      if (isProxys) return failed(thrown, { command: `nc -vz ${host} ${port}` });
    }
    return ok(`the proxy at ${name} answers`);
  },
};

/** What leads to a service, hop by hop: `…-dns`, `…-tcp`, `…-tls`. */
export function wayChecks({ prefix, name, after, destination }: Goal): readonly Check[] {
  const to = async (scene: Scene, look: (destination: Destination) => Promise<Finding>): Promise<Finding> => {
    const found = await destination(scene);
    return 'status' in found ? found : look(found);
  };
  const [dns, tcp] = [`${prefix}-dns`, `${prefix}-tcp`];
  const always = { isOnline: true, after } as const;
  return [
    {
      ...always,
      id: dns,
      looksAt: `whether the name of ${name} can be resolved`,
      command: 'resolvectl status',
      needs: ['config'],
      run: (scene, signal) => to(scene, (found) => resolved(scene.device, found, signal)),
    },
    {
      ...always,
      id: tcp,
      looksAt: `whether ${name} can be reached on TCP 8883, 443, or the port that is configured`,
      command: 'ip route',
      needs: ['config', 'proxy', dns],
      run: (scene, signal) => to(scene, (found) => reached(scene.device, found, signal)),
    },
    {
      ...always,
      id: `${prefix}-tls`,
      looksAt: `whether ${name} shows a certificate that is to be trusted, and who has signed it`,
      command: 'dps-agent config show',
      needs: ['config', tcp],
      deadlineMs: 45_000,
      run: (scene, signal) => to(scene, (found) => secured(scene.device, found, signal)),
    },
  ];
}

export const proxyChecks: readonly Check[] = [proxy];

function dpsOf({ config: { provisioning } }: Device): Destination | undefined {
  if (provisioning.source === 'manual') return undefined;
  return { service: 'DPS', ...targetOf(provisioning.globalEndpoint) };
}

async function resolved({ world }: Device, to: Destination, signal: AbortSignal): Promise<Finding> {
  const { probe } = world;
  const proxies = await Promise.all(probe.doors(to).map((door) => probe.proxyFor(to, door)));
  if (!proxies.includes(undefined)) return skipped('the proxy resolves names');
  try {
    return ok(`${to.host} is ${(await probe.resolve(to, signal)).join(', ')}`);
  } catch (thrown) {
    return failed(thrown, { command: `getent hosts ${to.host}` });
  }
}

interface Attempt {
  readonly door: Door;
  readonly tookMs: number;
  readonly problem?: unknown;
}

async function reached({ world }: Device, to: Destination, signal: AbortSignal): Promise<Finding> {
  const { probe, clock } = world;
  const attempts = await Promise.all(
    probe.doors(to).map(async (door): Promise<Attempt> => {
      const startedMs = clock.monotonic();
      const took = (): number => Math.round(clock.monotonic() - startedMs);
      try {
        await probe.reach(to, door, signal);
        return { door, tookMs: took() };
      } catch (problem) {
        return { door, tookMs: took(), problem };
      }
    }),
  );
  const closed = attempts.filter(({ problem }) => problem !== undefined);
  const [first] = closed;
  const hops = Object.fromEntries(attempts.map(({ door, tookMs }) => [`tcp-${door.port}`, tookMs]));
  const seen = attempts.map(inWords).join('; ');
  if (first === undefined) return ok(seen, { hops });
  const command = `nc -vz ${to.host} ${first.door.port}`;
  const finding = failed(first.problem, { hops, command });
  if (closed.length === attempts.length) return { ...finding, seen };
  const remedy = 'the agent uses the way that is open; let the other port out too, to have both';
  return warning(seen, { hops, command, remedy });
}

function inWords({ door, tookMs, problem }: Attempt): string {
  if (problem !== undefined) return `port ${door.port}: ${describeError(problem)}`;
  return `port ${door.port} is open, ${tookMs} ms`;
}

async function secured({ world }: Device, to: Destination, signal: AbortSignal): Promise<Finding> {
  const door = await openDoor(world.probe.doors(to), (each) => world.probe.reach(to, each, signal));
  const report = await world.probe.secure(to, door, signal);
  const { protocol, chain, isPublic, refusal } = report;
  const command = `openssl s_client -connect ${to.host}:${door.port} -servername ${to.host} -showcerts </dev/null`;
  const signed = signedBy(report);
  if (refusal !== undefined) {
    const finding = failed(refusal, { command });
    return { ...finding, seen: `${finding.seen}; ${signed}` };
  }
  if (!isPublic && isAzures(to.host)) {
    return warning(
      `${signed}: of no public authority, as Azure’s own certificates are, so TLS is probably intercepted on the way`,
      {
        remedy:
          'trust_bundle_cert accepts it; if that is not wanted, have the proxy or firewall leave this host alone',
        command,
      },
    );
  }
  if (chain.length === 0) return error('the server has shown no certificate', { command });
  return ok(`${protocol}, ${signed}`);
}

/** The first that opens; where none does, the failure of the last. */
async function openDoor(
  [first, ...others]: readonly Door[],
  reach: (door: Door) => Promise<void>,
): Promise<Door> {
  if (first === undefined) throw new Error('cannot choose a port: the configuration allows none');
  if (others.length === 0) return first;
  try {
    await reach(first);
    return first;
  } catch {
    return openDoor(others, reach);
  }
}

function signedBy({ chain, isPublic }: TlsReport): string {
  const [server = 'nobody', ...authorities] = chain;
  const by = authorities.length === 0 ? 'signed by itself' : `signed by ${authorities.join(', by ')}`;
  return `the certificate is of ${server}, ${by}${isPublic ? ' (a public authority)' : ''}`;
}

/** Azure's own names, in each of its clouds. */
function isAzures(host: string): boolean {
  return /\.azure-devices(?:-provisioning)?\.(?:net|cn|us)$/i.test(host);
}
