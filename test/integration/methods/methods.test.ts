import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import * as v from 'valibot';
import { secret, text } from '../../../src/methods/argument-kinds.ts';
import type { Method, MethodResponse } from '../../../src/methods/method.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { Scratch } from '../../support/scratch.ts';
import { simulatorFor } from '../../support/simulator.ts';
import { cloudOf, connected, enroll } from '../network/support.ts';
import type { Cloud } from '../network/support.ts';
import { answer, audit, invoke } from './rig.ts';
import type { Called } from './rig.ts';

const echo: Method = {
  name: 'echo',
  component: 'test',
  args: v.record(v.string(), v.unknown()),
  handle: (args) => Promise.resolve({ status: 200, payload: args }),
};

const failing: Method = { name: 'failing', handle: () => Promise.reject(new Error('no such file')) };

function heedless(until: Promise<void>): Method {
  return { name: 'slow', handle: () => until.then((): MethodResponse => ({ status: 200, payload: null })) };
}

describe('direct methods over a session', () => {
  let scratch: Scratch;
  let simulator: Simulator;
  let cloud: Cloud;
  let device: string;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
    cloud = cloudOf(simulator, {});
  });

  afterEach(() => scratch.clean());

  async function start(
    methods: readonly Method[],
    limits?: { deadlineMs: number; atOnce: number },
  ): Promise<{ call: (name: string, payload?: unknown) => Promise<Called>; stop: () => Promise<void> }> {
    const credential = await enroll(simulator, 'symmetric_key');
    device = credential.registrationId;
    const session = await connected(scratch, cloud, simulator, credential);
    const { stop } = answer(scratch, session, cloud.log, methods, limits);
    const request = (payload: unknown): object => (payload === undefined ? {} : { payload });
    const call = (name: string, payload?: unknown): Promise<Called> =>
      invoke(simulator, device, name, { connectTimeoutInSeconds: 5, ...request(payload) });
    return { call, stop };
  }

  it('are answered, by name and as a component’s command', async () => {
    const { call } = await start([echo]);
    const payload = { a: 1 };
    assert.deepEqual(await call('echo', payload), { status: 200, payload });
    assert.deepEqual(await call('test*echo', payload), { status: 200, payload });
    assert.equal((await call('other*echo', payload)).status, 404);
  });

  it('take an empty body and null for no arguments', async () => {
    const { call } = await start([echo]);
    assert.deepEqual(await call('echo'), { status: 200, payload: {} });
    assert.deepEqual(await call('echo', null), { status: 200, payload: {} });
  });

  it('carry what is not ASCII both ways', async () => {
    const { call } = await start([echo]);
    const payload = { größe: '21 °C', kanji: '漢字', emoji: '🌡️', control: '\u0001\u2028' };
    assert.deepEqual(await call('echo', payload), { status: 200, payload });
  });

  it('are answered with 404, 400, 403 and 500, each with a reason and one line of the log', async () => {
    const off: Method = { ...echo, name: 'reboot', isAllowed: () => false };
    const strict: Method = {
      ...echo,
      name: 'strict',
      args: v.object({ url: secret(text('a URL', /^https:/)) }),
    };
    const { call } = await start([echo, failing, off, strict]);
    const answers = [
      await call('ecko'),
      await call('strict', { url: 'http://h/?sig=abcdef' }),
      await call('echo', [1]),
      await call('reboot'),
      await call('failing'),
    ];
    assert.deepEqual(
      answers.map(({ status, payload }) => [status, payload['code'], payload['error']]),
      [
        [404, 'UNKNOWN-METHOD', 'there is no method ecko; did you mean echo?'],
        [400, 'BAD-ARGUMENTS', 'cannot call strict: url: expected a URL'],
        [
          400,
          'BAD-ARGUMENTS',
          'cannot call echo: expected the arguments as an object, by their names, found a list',
        ],
        [403, 'NOT-ALLOWED', 'reboot is off on this device, until its config.yaml allows it'],
        [500, 'INTERNAL', 'cannot carry out failing: no such file'],
      ],
    );
    assert.equal(audit(cloud.log).length, answers.length);
    assert.ok(!JSON.stringify(cloud.log.lines).includes('abcdef'));
  });

  it('are answered with 504 by the device before the caller gives up, and with 429 while too many go on', async () => {
    let end = (): void => undefined;
    const slow = heedless(new Promise((resolve) => (end = resolve)));
    const { call } = await start([slow, echo], { deadlineMs: 300, atOnce: 2 });
    const [first, second] = await Promise.all([call('slow'), call('slow')]);
    assert.deepEqual([first.status, second.status], [504, 504]);
    const busy = await call('echo');
    assert.deepEqual([busy.status, busy.payload['code']], [429, 'BUSY']);
    end();
    for (let answered = busy; answered.status !== 200; answered = await call('echo'));
  });

  it('carry an answer of 128 KB, and say of a larger one that it cannot be sent', async () => {
    const large = (name: string, length: number): Method => ({
      name,
      handle: () => Promise.resolve({ status: 200, payload: { text: 'x'.repeat(length - 11) } }),
    });
    const { call } = await start([large('fits', 131_072), large('tooLarge', 131_073)]);
    assert.equal(String((await call('fits')).payload['text']).length, 131_061);
    const { status, payload } = await call('tooLarge');
    assert.deepEqual([status, payload['code']], [500, 'TOO-LARGE']);
  });

  it('whose sequel fails leave the agent up, and one line in the log', async () => {
    const odd: Method = {
      name: 'odd',
      handle: () =>
        Promise.resolve({
          status: 200,
          payload: {},
          afterwards: () => Promise.reject(new Error('no such unit')),
        }),
    };
    const { call } = await start([odd, echo]);
    assert.equal((await call('odd')).status, 200);
    await cloud.log.until(({ msg }) => msg === 'cannot finish odd after its answer: no such unit');
    assert.equal((await call('echo')).status, 200);
    assert.equal(cloud.log.lines.filter(({ level }) => level >= 50).length, 1);
  });

  it('under way when the connection is lost end without a crash, and are called again in the next session', async () => {
    let called = (): void => undefined;
    const underWay = new Promise<void>((resolve) => (called = resolve));
    const slow: Method = {
      name: 'slow',
      handle: (_, { signal }) =>
        new Promise((resolve) => {
          called();
          signal.addEventListener('abort', () => {
            resolve({ status: 200, payload: {} });
          });
        }),
    };
    const { stop } = await start([slow, echo]);
    const lost = invoke(simulator, device, 'slow', { responseTimeoutInSeconds: 5 });
    await underWay;
    simulator.faults.add({ kind: 'drop-connections', service: 'hub' });
    await Promise.all([stop(), assert.rejects(lost, /504101|GatewayTimeout/)]);
    const { call } = await start([echo]);
    assert.equal((await call('echo')).status, 200);
  });

  it('come five hundred in well under a minute, and each is answered and logged once', async () => {
    const { call } = await start([echo]);
    const calls = Array.from({ length: 500 }, (_, number) => ({ number }));
    const wrong: unknown[] = [];
    const caller = async (): Promise<void> => {
      for (let next = calls.pop(); next !== undefined; next = calls.pop()) {
        const { status, payload } = await call('echo', next);
        if (status !== 200 || payload['number'] !== next.number) wrong.push({ status, payload });
      }
    };
    const startMs = performance.now();
    await Promise.all([caller(), caller(), caller(), caller()]);
    assert.ok(performance.now() - startMs < 60_000);
    assert.deepEqual(wrong, []);
    assert.equal(audit(cloud.log).length, 500);
  });
});
