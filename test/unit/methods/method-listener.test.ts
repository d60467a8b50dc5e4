import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import type { Method, MethodResponse } from '../../../src/methods/method.ts';
import { MethodListener } from '../../../src/methods/method-listener.ts';
import { reprovision } from '../../../src/methods/reprovision.ts';
import { settle } from '../../fakes/fake-clock.ts';
import { FakeSession } from '../../fakes/fake-hub.ts';
import { TableOf } from './table.ts';

interface Listening {
  readonly table: TableOf;
  /** Resolves with what the call was answered with. */
  readonly call: (name: string, requestId?: string) => Promise<MethodResponse>;
  /** The session ends; resolves when nothing is left. */
  readonly end: () => Promise<void>;
}

async function listen(test: TestContext, table: TableOf, session = new FakeSession()): Promise<Listening> {
  const stop = new AbortController();
  const running = new MethodListener(session, table.table, table.log).run(stop.signal);
  const end = (): Promise<void> => {
    stop.abort();
    return running;
  };
  test.after(end);
  await settle();
  let calls = 0;
  const call: Listening['call'] = (name, requestId = `r${(calls += 1)}`) =>
    new Promise((resolve) => {
      const respond = (response: MethodResponse): Promise<void> => {
        resolve(response);
        return Promise.resolve();
      };
      session.methods?.push({ name, requestId, payload: undefined, respond });
    });
  return { table, call, end };
}

const echo = (): Method => ({ name: 'echo', handle: () => Promise.resolve({ status: 200, payload: {} }) });

function counting(): Method & { calls: number } {
  const method = {
    name: 'count',
    calls: 0,
    handle: () => {
      method.calls += 1;
      return Promise.resolve({ status: 200, payload: method.calls });
    },
  };
  return method;
}

describe('MethodListener', () => {
  it('answers what comes', async (t) => {
    const { call } = await listen(t, new TableOf(echo()));
    assert.deepEqual(await call('echo'), { status: 200, payload: {} });
  });

  it('does not let a slow method keep the others waiting', async (t) => {
    const slow: Method = { name: 'slow', handle: () => new Promise(() => undefined) };
    const { call } = await listen(t, new TableOf(slow, echo()));
    void call('slow');
    assert.equal((await call('echo')).status, 200);
  });

  it('answers before it acts, where acting ends the session', async (t) => {
    const order: string[] = [];
    const { call } = await listen(t, new TableOf(reprovision(() => order.push('acted'))));
    const response = await call('reprovision');
    order.push('answered');
    await settle();
    assert.deepEqual(response, { status: 200, payload: { accepted: true } });
    assert.deepEqual(order, ['answered', 'acted']);
  });

  it('answers a request that comes twice once, and does nothing twice', async (t) => {
    const count = counting();
    const { call, table } = await listen(t, new TableOf(count));
    await call('count', '7');
    void call('count', '7').then(() => assert.fail('answered twice'));
    await settle();
    assert.equal(count.calls, 1);
    assert.equal(
      table.log.messages('info').at(-1),
      'a call of a direct method came twice and is answered once',
    );
  });

  it('answers two calls, of different methods, to which a hub has given one ID', async (t) => {
    const { call } = await listen(t, new TableOf(echo(), counting()));
    assert.equal((await call('echo', '7')).status, 200);
    assert.equal((await call('count', '7')).status, 200);
  });

  it('remembers the last hundred requests, and none of another session', async (t) => {
    const count = counting();
    const table = new TableOf(count);
    const { call } = await listen(t, table);
    for (let id = 0; id <= 100; id += 1) await call('count', String(id));
    await call('count', '0');
    assert.equal(count.calls, 102);
    const next = await listen(t, table);
    await next.call('count', '100');
    assert.equal(count.calls, 103);
  });

  for (const [how, afterwards] of [
    [
      'throws',
      (): void => {
        throw new Error('no such unit');
      },
    ],
    ['rejects', (): Promise<void> => Promise.reject(new Error('no such unit'))],
  ] as const) {
    it(`stays up when what comes after the answer ${how}, and logs it once`, async (t) => {
      const odd: Method = {
        name: 'odd',
        handle: () => Promise.resolve({ status: 200, payload: {}, afterwards }),
      };
      const { call, table } = await listen(t, new TableOf(odd, echo()));
      assert.equal((await call('odd')).status, 200);
      await settle();
      assert.deepEqual(table.log.messages('error'), ['cannot finish odd after its answer: no such unit']);
      assert.equal((await call('echo')).status, 200);
    });
  }

  it('leaves nothing behind: what is under way when the session ends is answered for', async (t) => {
    const slow: Method = { name: 'slow', handle: () => new Promise(() => undefined) };
    const { call, end } = await listen(t, new TableOf(slow));
    const answer = call('slow');
    await settle();
    await end();
    assert.equal((await answer).status, 503);
  });

  it('lets the session go on without methods when the hub refuses the subscription', async (t) => {
    const session = new FakeSession();
    session.methodCalls = () => Promise.reject(new CloudError('HUB-METHODS', 'subscribe to direct methods'));
    const { table } = await listen(t, new TableOf(echo()), session);
    assert.equal(table.log.messages('warn').length, 1);
  });
});
