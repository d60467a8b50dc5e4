import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as v from 'valibot';
import { secret, text, wholeNumber } from '../../../src/methods/argument-kinds.ts';
import type { Method, MethodResponse } from '../../../src/methods/method.ts';
import { settle } from '../../fakes/fake-clock.ts';
import { TableOf } from './table.ts';

const done: MethodResponse = { status: 200, payload: { done: true } };

function method(
  name: string,
  handle: Method['handle'] = () => Promise.resolve(done),
  more: object = {},
): Method {
  return { name, handle, ...more };
}

/** One that ends when the test lets it, whatever its signal says. */
function stubborn(name: string): {
  method: Method;
  end: (response: MethodResponse) => void;
  fail: (error: Error) => void;
} {
  const { promise, resolve, reject } = deferred<MethodResponse>();
  return { method: method(name, () => promise), end: resolve, fail: reject };
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let [resolve, reject]: [(value: T) => void, (error: Error) => void] = [() => undefined, () => undefined];
  const promise = new Promise<T>((onValue, onError) => {
    [resolve, reject] = [onValue, onError];
  });
  return { promise, resolve, reject };
}

describe('MethodTable', () => {
  it('answers with what the method says', async () => {
    assert.deepEqual(await new TableOf(method('open')).call('open'), done);
  });

  it('answers 404 to a name it does not know, with what may have been meant and all there are', async () => {
    const table = new TableOf(method('getLogs', undefined, { component: 'log' }), method('ping'));
    assert.deepEqual(await table.answer('getLog'), {
      status: 404,
      payload: {
        code: 'UNKNOWN-METHOD',
        error: 'there is no method getLog; did you mean getLogs?',
        known: ['log*getLogs', 'ping'],
      },
    });
  });

  it('takes a Plug and Play name: component, asterisk, name', async () => {
    const table = new TableOf(method('getLogs', undefined, { component: 'log' }), method('ping'));
    assert.equal((await table.call('log*getLogs')).status, 200);
    assert.equal((await table.call('getLogs')).status, 200);
    const { status, payload } = await table.answer('log*ping');
    assert.deepEqual([status, payload['error']], [404, 'there is no method log*ping; did you mean ping?']);
    assert.equal((await table.answer('*ping')).status, 404);
    assert.equal((await table.answer('')).status, 404);
  });

  it('answers 400 to arguments nested too deep for anybody to follow, and shows nothing of them', async () => {
    const table = new TableOf(method('open', undefined, { args: v.object({ url: secret(text('a URL')) }) }));
    const url: unknown = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000));
    const { status, payload } = await table.answer('open', { url });
    const error = 'cannot call open: its arguments are nested more than 100 deep';
    assert.deepEqual([status, payload], [400, { code: 'BAD-ARGUMENTS', error }]);
    assert.equal(table.log.lines.length, 1);
    assert.ok(!JSON.stringify(table.log.lines).includes('[['));
  });

  it('answers 403 to what is not allowed, with the lines that would allow it', async () => {
    const table = new TableOf(method('reboot', undefined, { isAllowed: () => false }));
    assert.deepEqual(await table.answer('reboot'), {
      status: 403,
      payload: {
        code: 'NOT-ALLOWED',
        error: 'reboot is off on this device, until its config.yaml allows it',
        config: 'methods:\n  allow: [reboot]\n',
      },
    });
  });

  it('answers 400 to wrong arguments, naming each', async () => {
    const args = v.object({ count: wholeNumber(1, 5), name: text('a name') });
    const table = new TableOf(method('add', undefined, { args }));
    const { status, payload } = await table.answer('add', { count: 9, nam: 'x' });
    assert.equal(status, 400);
    assert.equal(
      payload['error'],
      'cannot call add: unknown argument "nam"; did you mean name?; ' +
        'count: expected a whole number from 1 to 5, found 9; name: missing: expected a name',
    );
  });

  it('answers 504 when the time is over, tells the method, and says what is under way', async () => {
    const { method: slow, end } = stubborn('slow');
    const table = new TableOf(slow);
    const answer = table.answer('slow');
    await table.clock.advance(25_000);
    assert.deepEqual(await answer, {
      status: 504,
      payload: {
        code: 'DEADLINE',
        error: 'slow has not ended within 25 s, and has been told to stop',
        running: [{ method: 'slow', requestId: '1', forSeconds: 25 }],
      },
    });
    await table.clock.advance(5000);
    end(done);
    await settle();
    assert.deepEqual(table.log.messages('warn'), ['direct method slow has ended after its time: with 200']);
  });

  it('ends what heeds its signal, without another word', async () => {
    const heeds = method(
      'heeds',
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
    );
    const table = new TableOf(heeds);
    const answer = table.answer('heeds');
    await table.clock.advance(25_000);
    const { status } = await answer;
    assert.equal(status, 504);
    assert.equal(table.log.lines.length, 1);
    assert.deepEqual(table.clock.sleeping, []);
  });

  it('says it when what went on beyond its time fails in the end', async () => {
    const { method: slow, fail } = stubborn('slow');
    const table = new TableOf(slow);
    const answer = table.answer('slow');
    await table.clock.advance(60_000);
    fail(new Error('no such file'));
    await answer;
    await settle();
    assert.deepEqual(table.log.messages('warn'), [
      'direct method slow has ended after its time: no such file',
    ]);
  });

  it('carries out so many at once, and answers the next 429 at once, until one has really ended', async () => {
    const { method: slow, end } = stubborn('slow');
    const table = new TableOf(slow, method('ping'));
    const answers = [1, 2, 3, 4].map(() => table.answer('slow'));
    const { status, payload } = await table.answer('ping');
    assert.deepEqual([status, payload['code']], [429, 'BUSY']);
    assert.equal((payload['running'] as object[]).length, 4);
    await table.clock.advance(25_000);
    await Promise.all(answers);
    assert.equal((await table.answer('ping')).status, 429);
    end(done);
    await settle();
    assert.equal((await table.answer('ping')).status, 200);
  });

  it('takes its limits from where they can be changed', async () => {
    const { method: slow, end } = stubborn('slow');
    const table = new TableOf(slow);
    table.limits.atOnce = 1;
    const first = table.call('slow');
    assert.equal((await table.call('slow')).status, 429);
    table.limits.atOnce = 2;
    const second = table.call('slow');
    end(done);
    assert.deepEqual([(await first).status, (await second).status], [200, 200]);
  });

  for (const [how, handle] of [
    ['rejects', () => Promise.reject(new Error('no such file'))],
    [
      'throws',
      () => {
        throw new Error('no such file');
      },
    ],
  ] as const) {
    it(`answers 500 for a method that ${how}, logs it once, and goes on`, async () => {
      const table = new TableOf(method('broken', handle), method('ping'));
      assert.deepEqual(await table.answer('broken'), {
        status: 500,
        payload: { code: 'INTERNAL', error: 'cannot carry out broken: no such file' },
      });
      assert.deepEqual(table.log.messages('error'), [
        'direct method broken answered with 500: cannot carry out broken: no such file',
      ]);
      assert.equal((await table.call('ping')).status, 200);
    });
  }

  const unsendable: [string, unknown, number][] = [
    ['a number without end', 1n, 200],
    ['a circle', circle(), 200],
    ['status 0', {}, 0],
    ['no number as status', {}, NaN],
  ];
  for (const [what, payload, status] of unsendable) {
    it(`answers 500 for an answer that cannot be sent: ${what}`, async () => {
      const table = new TableOf(method('odd', () => Promise.resolve({ status, payload })));
      const answer = await table.answer('odd');
      assert.deepEqual([answer.status, answer.payload['code']], [500, 'INTERNAL']);
    });
  }

  it('answers 500 for more than 128 KB, and still does what comes after the answer', async () => {
    const afterwards = (): void => undefined;
    const large = (length: number): Method =>
      method(`large${length}`, () =>
        Promise.resolve({ status: 200, payload: 'é'.repeat(length), afterwards }),
      );
    const table = new TableOf(large(65_535), large(65_536));
    assert.equal((await table.call('large65535')).status, 200);
    const response = await table.call('large65536');
    assert.deepEqual(response.payload, {
      code: 'TOO-LARGE',
      error: 'the answer of large65536 has 131074 bytes, and IoT Hub takes 131072',
    });
    assert.equal(response.afterwards, afterwards);
  });

  it('answers 503 when the session ends under it', async () => {
    const { method: slow } = stubborn('slow');
    const table = new TableOf(slow);
    const answer = table.answer('slow');
    table.stop.abort(new Error('the session is over'));
    const { status, payload } = await answer;
    assert.deepEqual([status, payload['code']], [503, 'STOPPING']);
  });

  it('refuses to be made with one name twice', () => {
    assert.throws(() => new TableOf(method('ping'), method('ping')), /ping is in it twice/);
  });
});

describe('the audit', () => {
  const args = v.object({ url: v.optional(secret(text('a URL'))), name: v.optional(text('a name')) });

  it('has one line a call: method, request ID, status, duration and arguments', async () => {
    const { method: slow, end } = stubborn('slow');
    const table = new TableOf({ ...slow, args });
    const answer = table.call('slow', { name: 'x' });
    await table.clock.advance(1500);
    end(done);
    await answer;
    assert.deepEqual(table.log.lines, [
      {
        level: 'info',
        fields: { method: 'slow', requestId: '1', status: 200, durationMs: 1500, args: { name: 'x' } },
        message: 'direct method slow answered with 200',
      },
    ]);
  });

  it('has no secret argument, in whatever it may turn up, nor any that is not known', async () => {
    const url = 'https://blob.example/c/b?sv=1&sig=abc%2Fdef%3D';
    const failing = method('upload', () => Promise.reject(new Error(`cannot PUT ${url}`)), { args });
    const table = new TableOf(failing);
    const { payload } = await table.answer('upload', { url });
    await table.call('upload', { url: 7, password: 'hunter2' });
    await table.call('elsewhere', { key: 'hunter2' });
    await table.call('https://blob.example/c/b?sig=abc%2Fdef%3D', 'hunter2');
    assert.equal(payload['error'], 'cannot carry out upload: cannot PUT [secret]');
    const logged = JSON.stringify(table.log.lines);
    for (const word of ['sig=abc', 'hunter2', 'blob.example/c/b?sv'])
      assert.ok(!logged.includes(word), logged);
    assert.deepEqual(table.log.lines[1]?.fields['args'], { url: '[secret]', password: '[unknown]' });
  });

  it('has no text that is somewhere in a secret argument', async () => {
    const nested = v.object({ args: secret(v.unknown()) });
    const failing = method('run', () => Promise.reject(new Error('cannot use hunter2 in x')), {
      args: nested,
    });
    const table = new TableOf(failing);
    const { payload } = await table.answer('run', { args: { password: ['hunter2'], unit: 'x' } });
    assert.equal(payload['error'], 'cannot carry out run: cannot use [secret] in x');
    assert.ok(!JSON.stringify(table.log.lines).includes('hunter2'));
  });

  it('cuts what is long', async () => {
    const table = new TableOf(method('open', undefined, { args }));
    await table.call('open', { name: 'x'.repeat(1000) });
    const { args: shown } = table.log.lines[0]?.fields as { args: { name: string } };
    assert.equal(shown.name.length, 201);
    await table.call('y'.repeat(5000));
    assert.ok(JSON.stringify(table.log.lines[1]).length < 400);
  });
});

function circle(): object {
  const round: { itself?: object } = {};
  round.itself = round;
  return round;
}
