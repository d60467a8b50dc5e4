import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { headerBytes } from '../../../../src/telemetry/queue/segment-format.ts';
import { QueueWorld, bodies } from './world.ts';

const count = 6;
const all = Array.from({ length: count }, (_, index) => `message ${index}`);
const path = '/queue/normal/000000000001.seg';

/** A segment of six messages as a crash (not sealed) or a clean end (sealed) leaves it, and its name's other files. */
async function segment(how: 'active' | 'sealed'): Promise<{ content: Buffer; state: Buffer; ids: string[] }> {
  const world = new QueueWorld();
  await world.open();
  const ids = all.map((body) => world.offer(body).messageId);
  await world.flush();
  if (how === 'active') world.kill();
  else await world.close();
  return { content: world.files.content(path), state: world.files.content('/queue/state.json'), ids };
}

interface Opened {
  readonly bodies: string[];
  readonly ids: string[];
  readonly corrupt: number;
}

async function open(content: Buffer, state: Buffer | undefined): Promise<Opened> {
  const world = new QueueWorld();
  world.files.put(path, content);
  if (state !== undefined) world.files.put('/queue/state.json', state);
  const queue = await world.open();
  const taken = await world.takeAll();
  const opened = {
    bodies: bodies(taken),
    ids: taken.map(({ message }) => message.messageId),
    corrupt: queue.status.dropped.normal.corrupt,
  };
  await world.close();
  return opened;
}

for (const how of ['active', 'sealed'] as const)
  describe(`a damaged segment, ${how}`, () => {
    const end = (content: Buffer): number => content.lastIndexOf(`message ${count - 1}`) + 'message 0'.length;

    it('costs what was cut, at every length', async () => {
      const { content, state } = await segment(how);
      const last = end(content);
      for (let length = 0; length <= last + 70 && length <= content.length; length += 1) {
        const opened = await open(content.subarray(0, length), state);
        const whole = all.filter((body) => content.lastIndexOf(body) + body.length <= length);
        assert.deepEqual(opened.bodies, length < headerBytes ? [] : whole, `cut at ${length}`);
        // A clean end says how many there were; of a crash only what was cut through can be seen.
        const lost = count - opened.bodies.length;
        if (how === 'sealed') assert.equal(opened.corrupt, lost, `cut at ${length}`);
        else assert.ok(opened.corrupt <= 1, `cut at ${length}: ${opened.corrupt} counted`);
      }
    });

    it('costs at most the record that a flipped byte stands in, wherever that is', async () => {
      const { content, state, ids } = await segment(how);
      const last = end(content);
      for (let at = 0; at < Math.min(content.length, last + 90); at += 1) {
        const damaged = Buffer.from(content);
        damaged.writeUInt8(damaged.readUInt8(at) ^ 0xff, at);
        const opened = await open(damaged, state);
        const lost = all.filter((body) => !opened.bodies.includes(body));
        assert.ok(
          opened.bodies.every((body) => all.includes(body)),
          `false at ${at}`,
        );
        assert.ok(
          opened.ids.every((id) => ids.includes(id)),
          `a false ID at ${at}`,
        );
        const isRecord = at >= headerBytes && at < last;
        assert.deepEqual(
          [lost.length, opened.bodies.length],
          isRecord ? [1, count - 1] : [0, count],
          `at ${at}`,
        );
        if (isRecord) assert.equal(opened.corrupt, 1, `not counted at ${at}`);
      }
    });

    it('keeps its IDs though the saved state is lost as well', async () => {
      const { content, ids } = await segment(how);
      for (let at = 0; at < headerBytes; at += 1) {
        const damaged = Buffer.from(content);
        damaged.writeUInt8(damaged.readUInt8(at) ^ 0xff, at);
        assert.deepEqual((await open(damaged, undefined)).ids, ids, `at ${at}`);
      }
    });
  });
