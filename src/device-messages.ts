import { join } from 'node:path';
import type { MessageRuleConfig } from './config/messages-schema.ts';
import type { Config } from './config/schema.ts';
import { ConfigError } from './lib/errors.ts';
import type { Service } from './lib/service.ts';
import type { MessageOutlet } from './local-api/message-outlet.ts';
import type { MessageContent } from './messages/cloud-message.ts';
import { CommandHandler } from './messages/command-handler.ts';
import { noMessages } from './messages/counts.ts';
import type { MessagesStatus } from './messages/counts.ts';
import { Expiry } from './messages/expiry.ts';
import type { Handler } from './messages/handler.ts';
import { Inbox } from './messages/inbox.ts';
import { Lane } from './messages/lane.ts';
import { isOfflineCommand, MethodHandler } from './messages/method-handler.ts';
import type { InvokeMethod } from './messages/method-handler.ts';
import { MqttPublisher } from './messages/mqtt-publisher.ts';
import { InboxOutlet } from './messages/outlet.ts';
import { Receiver } from './messages/receiver.ts';
import type { MessageSession } from './messages/receiver.ts';
import { fits } from './messages/rule.ts';
import type { World } from './world.ts';

export interface DeviceMessages {
  /** What runs whether or not there is a session. */
  readonly services: readonly Service[];
  /** What runs in a session. */
  sessionServices(session: MessageSession): Service[];
  /** Where the local API finds what is for other programs. */
  readonly outlet: MessageOutlet;
  readonly status: MessagesStatus;
}

/** Where an offline command goes that no rule is for. */
const methodLane = 'methods';
const methodRetries = { attempts: 3, retry: { initialMs: 1000, maximumMs: 60_000 } };

/**
 * Cloud-to-device messages from the session to whoever handles them, through an inbox on the disk.
 * @param invoke calls one of the device's direct methods
 */
export async function openMessages(
  { onMessage: rules }: Pick<Config, 'onMessage'>,
  stateDirectory: string,
  world: World,
  invoke: InvokeMethod,
  trustsClock: () => boolean,
): Promise<DeviceMessages> {
  const { clock, random } = world;
  const log = world.log.child({ area: 'messages' });
  const laneOf = (message: MessageContent): string | undefined =>
    rules.find(({ match }) => fits(match, message))?.name ??
    (isOfflineCommand(message) ? methodLane : undefined);
  const inbox = new Inbox(join(stateDirectory, 'messages'), log);
  await inbox.load(laneOf);
  const counts = noMessages();
  const expiry = new Expiry(clock, trustsClock);
  const shared = { inbox, expiry, counts, clock, random, log };
  const lanes = rules.flatMap((rule) => {
    const handler = handlerOf(rule, { ...world, log });
    const { name, attempts, retry } = rule;
    return handler === undefined ? [] : [new Lane({ ...shared, name, attempts, retry, handler })];
  });
  const methods = new Lane({
    ...shared,
    ...methodRetries,
    name: methodLane,
    handler: new MethodHandler(invoke),
  });
  const fetched = rules.flatMap(({ name, action }) => (action.kind === 'local_api' ? [name] : []));
  const outlet = new InboxOutlet(fetched, inbox, expiry, counts, log);
  const told = new Set<string>();
  const makeRoom = (): Promise<void> => outlet.dropExpired();
  return {
    services: [...lanes, methods],
    sessionServices: (session) => [
      new Receiver(session, { inbox, laneOf, makeRoom, expiry, counts, told, log }),
    ],
    outlet,
    get status() {
      return { ...counts, waiting: inbox.waiting, damaged: inbox.damaged };
    },
  };
}

/** `undefined`: the messages are fetched. Throws a ConfigError when a program is to run as another user and cannot. */
function handlerOf({ name, action }: MessageRuleConfig, world: World): Handler | undefined {
  switch (action.kind) {
    case 'command':
      if (action.user !== undefined && world.userId !== 0)
        throw new ConfigError(
          `cannot run the command of ${name} as user ${action.user}: only root can, and the agent is not root`,
        );
      return new CommandHandler(action, { ...world, log: world.log.child({ rule: name }) });
    case 'publish':
      return new MqttPublisher(action, world);
    case 'local_api':
      return undefined;
  }
}
