import type { IncomingMessage } from 'node:http';
import type { Bodies } from './body.ts';
import { Refusal } from './answer.ts';
import { contentTypeOf, refusePacked } from './content-type.ts';
import { deskInput } from './desk-input.ts';
import { jsonTypes, readItems } from './json-items.ts';
import { messageOf } from './message-envelope.ts';
import { ttlOf } from './message-parts.ts';
import { postedAnswer } from './posted-answer.ts';
import type { PostedBody } from './posted-body.ts';
import type { Posting } from './posting.ts';
import { componentOf, parametersOf, priorityOf } from './query.ts';
import { rawMessage } from './raw-message.ts';
import type { Route } from './router.ts';
import type { PostedMessage } from './telemetry-desk.ts';

/** `POST /v1/messages[?input=NAME&priority=high&component=NAME&ttl=10m]`: messages to the hub, each as it is. */
export function messagesRoute({ desk, parseDuration }: Posting, bodies: Bodies): Route {
  return {
    method: 'POST',
    path: '/v1/messages',
    answer: async (exchange) => {
      const { input: named, ...parameters } = parametersOf(exchange.query, parameterNames);
      const input = deskInput(desk, named);
      const presets = presetsOf(parameters, parseDuration);
      // Not async: what waits for the hub would keep every message of the post until then.
      return bodies.withBody(exchange, (body) => {
        const messages = messagesIn(exchange.request, body, presets, parseDuration);
        if (messages.length === 0) return { status: 202, body: { accepted: 0 } };
        return desk.postMessages(input, messages).then(postedAnswer);
      });
    },
  };
}

const parameterNames = ['input', 'priority', 'component', 'ttl'] as const;

type Presets = Pick<PostedMessage, 'priority' | 'component' | 'ttlMs'>;

/** Of all messages of a post that do not say it themselves. */
function presetsOf(
  { priority, component, ttl }: { priority?: string; component?: string; ttl?: string },
  parseDuration: Posting['parseDuration'],
): Presets {
  return {
    ...(priority === undefined ? {} : { priority: priorityOf(priority) }),
    ...(component === undefined ? {} : { component: componentOf(component) }),
    ...(ttl === undefined ? {} : { ttlMs: ttlParameter(ttl, parseDuration) }),
  };
}

function ttlParameter(ttl: string, parseDuration: Posting['parseDuration']): number {
  try {
    return ttlOf(ttl, parseDuration);
  } catch (error) {
    throw new Refusal(400, error instanceof Error ? error.message : String(error));
  }
}

function messagesIn(
  request: IncomingMessage,
  body: PostedBody,
  presets: Presets,
  parseDuration: Posting['parseDuration'],
): PostedMessage[] {
  const content = contentTypeOf(request);
  if (content.type !== '' && !jsonTypes.includes(content.type))
    return [{ ...presets, ...rawMessage(request, content, body.bytes) }];
  refusePacked(request);
  const read = { value: (value: unknown) => messageOf(value, parseDuration) };
  const messages = readItems(body, content.type, read);
  return Object.keys(presets).length === 0 ? messages : messages.map((own) => ({ ...presets, ...own }));
}
