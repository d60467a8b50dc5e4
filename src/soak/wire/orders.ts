import * as v from 'valibot';

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const amount = v.pipe(v.number(), v.minValue(0));

const shape = v.strictObject({
  latencyMs: v.exactOptional(amount),
  jitterMs: v.exactOptional(amount),
  loss: v.exactOptional(share),
  bytesPerSecond: v.exactOptional(v.pipe(v.number(), v.minValue(1))),
  silent: v.exactOptional(v.boolean()),
  closed: v.exactOptional(v.boolean()),
});
const names = v.exactOptional(v.array(v.string()));

/** What the wire is told, a line of JSON each. */
const orderSchema = v.variant('do', [
  v.strictObject({ do: v.literal('lay'), id: v.number(), shape, names }),
  v.strictObject({ do: v.literal('lift'), id: v.number() }),
  v.strictObject({ do: v.literal('cut'), names }),
]);

export type Order = v.InferOutput<typeof orderSchema>;

/** Throws when it is none. */
export function parseOrder(line: string): Order {
  return v.parse(orderSchema, JSON.parse(line));
}

/** What the wire says, once, when it listens. */
export const greetingSchema = v.object({ port: v.number() });
