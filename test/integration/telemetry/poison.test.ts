import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { FedAgent, numbersOf, range, until } from './fed-agent.ts';

describe('a message that the hub refuses by ending the connection', { concurrency: true }, () => {
  it('ends in the dead-letter file, counted; all others arrive', async (t) => {
    // What else is measured goes on meanwhile: it proves that the hub is well.
    const inputs = '{name: local, type: socket}, {name: system, type: system, interval: 1s}';
    const fed = await FedAgent.start(t, `{inputs: [${inputs}]}`);
    fed.simulator.faults.add({ kind: 'refuse-message', contains: 'poison' });
    const others = range(40).map((n) => ({ n }));
    await fed.post('/v1/telemetry', [...others.slice(0, 20), { bad: 'poison' }, ...others.slice(20)]);
    await fed.untilArrived((messages) => numbersOf(messages).size === 40);
    await until('it is set aside', async () => (await lettersOf(fed)) !== '');

    const letters = await lettersOf(fed);
    const [letter, ...more] = letters
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as DeadLetter);
    assert.deepEqual(more, []);
    assert.equal(letter?.body, '{"bad":"poison"}');
    assert.equal(letter.input, 'local');
    assert.equal((await fed.queue()).dropped['rejected'], 1);
    assert.ok(fed.simulator.messages.since().every(({ body }) => !JSON.stringify(body).includes('poison')));
  });
});

describe('a hub that ends every session', { concurrency: true }, () => {
  it('convicts no message: when it takes messages again, all arrive', async (t) => {
    const fed = await FedAgent.start(t, '{inputs: [{name: local, type: socket}]}');
    fed.simulator.faults.add({ kind: 'drop-after-messages', messages: 1 });
    await fed.post(
      '/v1/telemetry',
      range(100).map((n) => ({ n })),
    );
    const before = fed.simulator.connections.history().length;
    await until('eight sessions have begun', () =>
      Promise.resolve(fed.simulator.connections.history().length >= before + 8),
    );
    await fed.simulator.faults.clear();

    await fed.untilArrived((messages) => numbersOf(messages).size === 100);
    assert.equal((await fed.queue()).dropped['rejected'], 0);
    assert.equal(await lettersOf(fed), '');
  });
});

interface DeadLetter {
  readonly body: string;
  readonly input: string;
}

async function lettersOf(fed: FedAgent): Promise<string> {
  const path = join(fed.stateDirectory, 'queue', 'dead-letter.ndjson');
  return await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
}
