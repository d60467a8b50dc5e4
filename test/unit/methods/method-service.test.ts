import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import type { Method, MethodResponse } from '../../../src/methods/method.ts';
import { MethodService } from '../../../src/methods/method-service.ts';
import { reprovision } from '../../../src/methods/reprovision.ts';
import { settle } from '../../fakes/fake-clock.ts';
import { FakeSession } from '../../fakes/fake-hub.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';

async function start(test: TestContext, methods: readonly Method[], session = new FakeSession()) {
  const [log, stop] = [new RecordingLog(), new AbortController()];
  const running = new MethodService(session, methods, log).run(stop.signal);
  test.after(async () => {
    stop.abort();
    await running;
  });
  await settle();
  const call = (name: string, payload?: unknown): Promise<MethodResponse> =>
    new Promise((resolve) => {
      session.methods?.push({
        name,
        requestId: '1',
        payload,
        respond: (response) => {
          resolve(response);
          return Promise.resolve();
        },
      });
    });
  return { session, log, call };
}

const echo: Method = { name: 'echo', handle: (payload) => Promise.resolve({ status: 200, payload }) };

describe('MethodService', () => {
  it('answers with what the method says', async (t) => {
    const { call } = await start(t, [echo]);
    assert.deepEqual(await call('echo', { a: 1 }), { status: 200, payload: { a: 1 } });
  });

  it('answers 404 to a name it does not know, with those it does', async (t) => {
    const { call } = await start(t, [echo]);
    assert.deepEqual(await call('ecko'), {
      status: 404,
      payload: { error: 'there is no method ecko; there are: echo' },
    });
  });

  it('answers 500 for a method that fails, logs it once, and goes on', async (t) => {
    const broken: Method = { name: 'broken', handle: () => Promise.reject(new Error('no such file')) };
    const { call, log } = await start(t, [broken, echo]);
    assert.deepEqual(await call('broken'), { status: 500, payload: { error: 'no such file' } });
    assert.deepEqual(log.messages('error'), ['cannot carry out broken: no such file']);
    assert.equal((await call('echo', 2)).status, 200);
  });

  it('does not let a slow method keep the others waiting', async (t) => {
    const slow: Method = { name: 'slow', handle: () => new Promise(() => undefined) };
    const { call } = await start(t, [slow, echo]);
    void call('slow');
    assert.equal((await call('echo', 1)).status, 200);
  });

  it('answers before it acts, where acting ends the session', async (t) => {
    const order: string[] = [];
    const { call } = await start(t, [reprovision(() => order.push('acted'))]);
    const response = await call('reprovision');
    order.push('answered');
    await settle();
    assert.deepEqual(response, { status: 200, payload: { accepted: true } });
    assert.deepEqual(order, ['answered', 'acted']);
  });

  it('lets the session go on without methods when the hub refuses the subscription', async (t) => {
    const session = new FakeSession();
    session.methodCalls = () => Promise.reject(new CloudError('HUB-METHODS', 'subscribe to direct methods'));
    const { log } = await start(t, [echo], session);
    assert.equal(log.messages('warn').length, 1);
  });
});
