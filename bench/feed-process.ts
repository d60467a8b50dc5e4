// Posts to the agent's socket, several posts in flight, each answered before the next.
import { SocketClient } from '../test/support/socket-client.ts';
import { answer } from './child.ts';
import type { Fed, FeedOrder } from './feeder.ts';
import { pass } from './pass.ts';
import { binary, reading } from './payload.ts';
import type { Payload } from './payload.ts';

/** As many different bodies; making one for each post would be the feeder's time, and the machine has few cores. */
const differentBodies = 8;

answer({ feed });

async function feed(order: FeedOrder): Promise<Fed> {
  const { socketPath, input, payload, linesPerPost, postsInFlight } = order;
  const client = new SocketClient(socketPath, postsInFlight);
  const path = `${payload === 'binary' ? '/v1/messages' : '/v1/telemetry'}?input=${input}`;
  const bodies = Array.from({ length: differentBodies }, (_, index) => body(payload, index, linesPerPost));
  const fed = { posts: 0, accepted: 0 };
  const endMs = performance.now() + (order.seconds ?? Infinity) * 1000;
  const mostPosts = order.lines === undefined ? Infinity : Math.ceil(order.lines / linesPerPost);
  const startMs = performance.now();
  let turn = 0;
  const call = async (): Promise<void> => {
    while (turn < mostPosts && performance.now() < endMs) {
      const mine = turn++;
      if (order.linesPerSecond !== undefined) {
        const dueMs = startMs + ((mine * linesPerPost) / order.linesPerSecond) * 1000;
        await pass(Math.max(0, dueMs - performance.now()));
      }
      const { status, body: said } = await client.post(path, bodies[mine % differentBodies] ?? '');
      if (status !== 202 || said['accepted'] !== linesPerPost)
        throw new Error(`${linesPerPost} posted: ${status} ${JSON.stringify(said)}`);
      fed.posts += 1;
      fed.accepted += linesPerPost;
    }
  };
  await Promise.all(Array.from({ length: postsInFlight }, call));
  client.close();
  return fed;
}

function body(payload: Payload, index: number, lines: number): Buffer {
  const texts = Array.from({ length: lines }, (_, line) => {
    const n = index * lines + line;
    if (payload === 'reading') return reading(n);
    return JSON.stringify({
      bodyBase64: binary(n).toString('base64'),
      contentType: 'application/octet-stream',
    });
  });
  return Buffer.from(`${texts.join('\n')}\n`);
}
