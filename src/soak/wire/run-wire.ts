import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import { ConnectProxy } from './connect-proxy.ts';
import { parseOrder } from './orders.ts';
import type { Order } from './orders.ts';
import { Shapes } from './shapes.ts';

export interface WireHost {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * `dps-agent-soak wire`: says on stdout at which port it listens, does what it is told on stdin (orders.ts), and ends with
 * it, so also when its parent is killed. Rejects when it is told nonsense.
 */
export async function runWire({ stdin, stdout, clock, random }: WireHost): Promise<void> {
  const shapes = new Shapes();
  const proxy = new ConnectProxy({ shapes, clock, random });
  const port = await proxy.listen();
  stdout.write(`${JSON.stringify({ port })}\n`);
  try {
    for await (const line of createInterface({ input: stdin })) carryOut(parseOrder(line), shapes, proxy);
  } finally {
    await proxy.close();
  }
}

function carryOut(order: Order, shapes: Shapes, proxy: ConnectProxy): void {
  switch (order.do) {
    case 'lay':
      shapes.lay(order.id, order.shape, order.names);
      break;
    case 'lift':
      shapes.lift(order.id);
      break;
    case 'cut':
      proxy.cut(order.names);
      break;
  }
}
