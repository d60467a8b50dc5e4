import { CloudError, concernsCredential, failures } from '../cloud-error.ts';
import type { FailureCode } from '../cloud-error.ts';
import type { AgentStatus } from '../local-api/status.ts';
import type { Credential } from '../provisioning/credential.ts';
import type { Assignment } from '../provisioning/dps-client.ts';
import { error, failed, ok, skipped, unknown, warning } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Device } from './scene.ts';

/** A registration may be polled, a session's hops each be slow. */
const registrationMs = 75_000;
const sessionMs = 60_000;

const register: Check = {
  id: 'dps-register',
  looksAt: 'whether DPS answers, accepts the credential and assigns a hub',
  command: 'dps-agent identity show',
  isOnline: true,
  needs: ['config', 'credential', 'dps-tls'],
  deadlineMs: registrationMs,
  run: async ({ device, agent }, signal) => {
    const { provisioning } = device.config;
    if (provisioning.source === 'manual') return skipped('source manual does not ask DPS');
    if (agent.kind === 'silent') return skipped(`${agent.why}: it is not disturbed`);
    if (agent.kind === 'answers') return registrationTold(agent.status);
    const { globalEndpoint: endpoint, scopeId, payload } = provisioning;
    const told = payload === undefined ? {} : { payload };
    return askDps(device, (credential) =>
      device.world.dps.register({ endpoint, scopeId, credential, ...told }, signal),
    );
  },
};

const connect: Check = {
  id: 'hub-connect',
  looksAt: 'whether the assigned hub accepts the device',
  command: 'dps-agent identity show',
  isOnline: true,
  needs: ['config', 'credential', 'hub-tls'],
  after: ['dps-register'],
  deadlineMs: sessionMs,
  run: async ({ device, agent }, signal) => {
    if (agent.kind === 'silent') return unknown(`${agent.why}: a second session would end its own`);
    if (agent.kind === 'answers') return sessionTold(agent.status);
    const identity = await device.identity();
    if (identity === undefined) return unknown('no hub is known yet: DPS assigns one');
    const { assignment, credential } = identity;
    const { hopTimer, world } = device;
    hopTimer.begin();
    device.session = await world.hub.connect(assignment, credential, signal);
    const { assignedHub, deviceId } = assignment;
    return ok(`${assignedHub} accepts ${deviceId}`, { hops: hopTimer.hops });
  },
};

const twin: Check = {
  id: 'hub-twin',
  looksAt: 'whether the device’s twin can be read',
  command: 'dps-agent logs --level warn',
  isOnline: true,
  needs: ['config', 'hub-connect'],
  run: async ({ device: { session }, agent }) => {
    if (session === undefined)
      return skipped(agent.kind === 'absent' ? 'there is no session' : 'the running agent has the session');
    const { desired, reported } = await session.fetchTwin();
    const version = desired.$version;
    return ok(`desired properties of version ${version}, ${Object.keys(reported).length} reported`);
  },
};

export const registrationChecks: readonly Check[] = [register];
export const sessionChecks: readonly Check[] = [connect, twin];

/** With one credential after the other, as the agent does, as long as it is the credential that is refused. */
async function askDps(
  device: Device,
  ask: (credential: Credential) => Promise<Assignment>,
): Promise<Finding> {
  const { hopTimer } = device;
  let refusal: Finding | undefined;
  for (const credential of await device.usable()) {
    hopTimer.begin();
    try {
      const assignment = await ask(credential);
      device.registered = { assignment, credential };
      return await assigned(device, assignment, credential, refusal);
    } catch (thrown) {
      refusal ??= failed(thrown);
      if (!(thrown instanceof CloudError) || !concernsCredential(thrown.code)) break;
    }
  }
  return refusal ?? unknown('there is no credential to register with');
}

async function assigned(
  device: Device,
  { assignedHub, deviceId }: Assignment,
  credential: Credential,
  refusal: Finding | undefined,
): Promise<Finding> {
  const { hops } = device.hopTimer;
  const seen = `assigned to ${assignedHub} as ${deviceId}, with the ${credential.name} credential`;
  if (refusal !== undefined) {
    const { seen: why, code, remedy } = refusal;
    const advice = { ...(code === undefined ? {} : { code }), ...(remedy === undefined ? {} : { remedy }) };
    return warning(`${seen}; the one before was refused: ${why}`, { ...advice, hops });
  }
  const cached = await device.cached(credential);
  if (cached === undefined || cached.assignedHub === assignedHub) return ok(seen, { hops });
  return warning(`${seen}; the agent remembers ${cached.assignedHub}`, {
    remedy: 'the agent tries that one first at its next start, and asks DPS when it is refused',
    command: 'sudo dps-agent identity forget',
    hops,
  });
}

/** Having DPS asked may move a device to another hub, under the feet of the session it has. */
function registrationTold({ state, identity }: AgentStatus): Finding {
  const failure = failureOf(state, (code) => !code.startsWith('HUB-'));
  if (failure !== undefined && (state.next === 'provisioning' || state.hub === undefined)) return failure;
  if (state.hub === undefined) return unknown(`the running agent has no hub yet: it is ${state.name}`);
  const when = identity.assignedAt === undefined ? '' : `, at ${identity.assignedAt}`;
  return ok(`the running agent was assigned to ${state.hub}${when}; DPS is not asked again beside it`);
}

function sessionTold({ state }: AgentStatus): Finding {
  if (state.name === 'connected')
    return ok(`the running agent is connected to ${state.hub ?? 'its hub'}, since ${state.since}`);
  return failureOf(state, () => true) ?? unknown(`the running agent is ${state.name}, since ${state.since}`);
}

function failureOf(
  { code, reason, remedy }: AgentStatus['state'],
  isMeant: (code: string) => boolean,
): Finding | undefined {
  if (code === undefined || !isMeant(code)) return undefined;
  const known = isFailureCode(code) ? { code } : {};
  const advice = remedy === undefined ? {} : { remedy };
  return error(`the running agent waits: ${reason ?? code}`, { ...known, ...advice });
}

function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(failures, code);
}
