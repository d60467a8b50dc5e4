import { join } from 'node:path';
import { parseConfig } from '../../../src/config/parse.ts';
import { openMessages } from '../../../src/device-messages.ts';
import type { DeviceMessages } from '../../../src/device-messages.ts';
import type { HubSession } from '../../../src/connection/hub-client.ts';
import type { Log } from '../../../src/lib/log.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { runAll } from '../../../src/lib/service.ts';
import { LiveConfig } from '../../../src/live-config.ts';
import { LocalApi } from '../../../src/local-api/local-api.ts';
import type { InvokeMethod } from '../../../src/messages/method-handler.ts';
import { realWorld } from '../../../src/world.ts';
import { someStatus } from '../../unit/local-api/some-status.ts';

/** Plain values, so that a process of its own can be given them. */
export interface DeviceDescription {
  readonly hub: string;
  readonly deviceId: string;
  readonly key: string;
  readonly caFile: string;
  /** The list under `on_message`, in YAML's flow style. */
  readonly rules: string;
  readonly stateDirectory: string;
}

export interface MessageDevice {
  readonly messages: DeviceMessages;
  readonly socketPath: string;
  /** A session in which nothing takes messages yet. */
  connect(signal: AbortSignal): Promise<HubSession>;
  /** Connects, and resolves when the session is over. */
  session(signal: AbortSignal): Promise<void>;
  /** Handles what has been taken, until the signal is aborted. */
  handle(signal: AbortSignal): Promise<void>;
}

/** What an agent is made of that has to do with messages: the real session, inbox, handlers and local API. */
export async function messageDevice(
  device: DeviceDescription,
  log: Log,
  invoke: InvokeMethod = unknownMethod,
): Promise<MessageDevice> {
  const { hub, deviceId, stateDirectory } = device;
  const { config } = parseConfig(configOf(device), 'config.yaml');
  const world = await realWorld(new LiveConfig(config), log);
  const messages = await openMessages(config, stateDirectory, world, invoke, () => true);
  const socketPath = join(stateDirectory, 'agent.sock');
  const { outlet } = messages;
  const api = new LocalApi({ path: socketPath, status: () => someStatus, outlet, clock: world.clock, log });
  const key = new Secret(device.key);
  const credential = { method: 'symmetric_key', name: 'primary', registrationId: deviceId, key } as const;
  const assignment = { assignedHub: hub, deviceId, assignedAt: '2026-01-01T00:00:00.000Z' };
  const connect = (signal: AbortSignal): Promise<HubSession> =>
    world.hub.connect(assignment, credential, signal);
  return {
    messages,
    socketPath,
    connect,
    session: async (signal) => {
      const session = await connect(signal);
      const onAbort = (): void => void session.close();
      signal.addEventListener('abort', onAbort);
      if (signal.aborted) onAbort();
      const ended = { name: 'session', run: () => session.closed.then(() => undefined) };
      await runAll([...messages.sessionServices(session), ended], signal);
    },
    handle: (signal) => runAll([...messages.services, api], signal),
  };
}

function configOf({ hub, deviceId, key, caFile, rules }: DeviceDescription): string {
  return [
    'provisioning:',
    '  source: manual',
    `  device_connection_string: HostName=${hub};DeviceId=${deviceId};SharedAccessKey=${key}`,
    `trust_bundle_cert: file://${caFile}`,
    `on_message: ${rules}`,
    '',
  ].join('\n');
}

const unknownMethod: InvokeMethod = (name) =>
  Promise.resolve({ status: 404, payload: { error: `there is no method ${name}` } });
