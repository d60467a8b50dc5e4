import { Refusal } from './answer.ts';
import type { Bodies } from './body.ts';
import { contentTypeOf, refusePacked } from './content-type.ts';
import { deskInput } from './desk-input.ts';
import { jsonTypes, readItems } from './json-items.ts';
import { postedAnswer } from './posted-answer.ts';
import { componentOf, parametersOf, priorityOf } from './query.ts';
import type { Exchange, Route } from './router.ts';
import type { PostOverrides } from './telemetry-desk.ts';
import type { Posting } from './posting.ts';

/** `POST /v1/telemetry[?input=NAME&priority=high&component=NAME]`: readings, to be processed, batched and sent. */
export function telemetryRoute({ desk, readReading }: Posting, bodies: Bodies): Route {
  return {
    method: 'POST',
    path: '/v1/telemetry',
    answer: async (exchange) => {
      const { input: named, ...parameters } = parametersOf(exchange.query, [
        'input',
        'priority',
        'component',
      ]);
      const input = deskInput(desk, named);
      const overrides = overridesOf(parameters);
      const type = jsonTypeOf(exchange);
      // Not async: what waits for the hub would keep every reading of the post until then.
      return bodies.withBody(exchange, (body) => {
        const readings = readItems(body, type, readReading);
        return readings.length === 0 ? nothing : desk.post(input, readings, overrides).then(postedAnswer);
      });
    },
  };
}

const nothing = { status: 202, body: { accepted: 0 } };

function overridesOf({ priority, component }: { priority?: string; component?: string }): PostOverrides {
  return {
    ...(priority === undefined ? {} : { priority: priorityOf(priority) }),
    ...(component === undefined ? {} : { component: componentOf(component) }),
  };
}

function jsonTypeOf({ request }: Exchange): string {
  const { type } = contentTypeOf(request);
  refusePacked(request);
  if (type === '' || jsonTypes.includes(type)) return type;
  throw new Refusal(415, `cannot read readings of type ${type}: send ${jsonTypes.slice(0, 2).join(' or ')}`);
}
