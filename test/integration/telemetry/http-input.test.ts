import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { createAuthority, createServerCertificate } from '../../../src/certificates/certificate.ts';
import type { SecretSource } from '../../../src/config/secret-source.ts';
import { SystemClock } from '../../../src/lib/clock.ts';
import { describeError } from '../../../src/lib/errors.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { Secrets } from '../../../src/provisioning/secrets.ts';
import { HttpInput } from '../../../src/telemetry/inputs/http-input.ts';
import type { HttpInputSettings } from '../../../src/telemetry/inputs/http-input.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';
import { validNow } from '../../support/certificate-files.ts';
import { askOnce } from '../../unit/telemetry/inputs/handed-over.ts';

const password = 'correct horse battery staple';
const plain = (text: string): SecretSource => ({ kind: 'plain', value: new Secret(text) });

function settings(url: string, changes: Partial<HttpInputSettings> = {}): HttpInputSettings {
  return {
    name: 'plc',
    intervalMs: 60_000,
    url,
    format: 'json',
    headers: {},
    trustedCerts: [],
    timeoutMs: 10_000,
    maxBytes: 4096,
    ...changes,
  };
}

const surroundings = {
  clock: new SystemClock(),
  secrets: new Secrets({ env: { API_KEY: 'key-of-the-environment' }, credentialsDirectory: undefined }),
};

/** A server on a port of its own, gone with its connections when the test is over; gives its origin. */
async function serve(test: TestContext, listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listening(test, createServer(listener))}`;
}

async function listening(test: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

const say =
  (body: string, status = 200, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(status, headers).end(body);
  };

/** What one question gives: the values, and what the error says without the server's origin. */
async function ask(input: HttpInput, origin = ''): Promise<{ values: unknown[]; error: string }> {
  const { values, error } = await askOnce(input);
  return { values, error: error === undefined ? '' : describeError(error).replaceAll(origin, '') };
}

describe('HttpInput', () => {
  it('keeps name and interval of the configuration', () => {
    const { name, intervalMs } = new HttpInput(
      settings('http://plc.example', { intervalMs: 5000 }),
      surroundings,
    );
    assert.deepEqual([name, intervalMs], ['plc', 5000]);
  });

  it('asks for JSON and hands over what is selected', async (t) => {
    const requests: IncomingMessage[] = [];
    const origin = await serve(t, (request, response) => {
      requests.push(request);
      response.end('{"sensors":[{"t":21.5}]}');
    });
    const input = new HttpInput(settings(`${origin}/s?x=1`, { select: { t: '/sensors/0/t' } }), surroundings);
    assert.deepEqual(await ask(input), { values: [{ t: 21.5 }], error: '' });
    assert.deepEqual(
      requests.map(({ method, url, headers }) => [method, url, headers.accept, headers['accept-encoding']]),
      [['GET', '/s?x=1', 'application/json', 'identity']],
    );
  });

  it('asks for the text format of Prometheus, and reads it', async (t) => {
    let accepted: string | undefined;
    const origin = await serve(t, (request, response) => {
      accepted = request.headers.accept;
      response.end('# TYPE up gauge\nup{job="a"} 1\n');
    });
    const input = new HttpInput(settings(`${origin}/metrics`, { format: 'prometheus' }), surroundings);
    assert.deepEqual(await ask(input), { values: [{ up_job_a: 1 }], error: '' });
    assert.equal(accepted, 'text/plain;version=0.0.4');
  });

  it('hands over what is there, and then says what is not', async (t) => {
    const origin = await serve(t, say('{"a":1}'));
    const select = { a: '/a', b: '/b', c: '/c' };
    assert.deepEqual(await ask(new HttpInput(settings(`${origin}/s`, { select }), surroundings), origin), {
      values: [{ a: 1 }],
      error: 'cannot read /s: cannot tell b: there is nothing at /b; cannot tell c: there is nothing at /c',
    });
  });

  it('can be asked again and again', async (t) => {
    let count = 0;
    const origin = await serve(t, (_request, response) => response.end(`{"count":${(count += 1)}}`));
    const input = new HttpInput(settings(origin), surroundings);
    assert.deepEqual((await ask(input)).values, [{ count: 1 }]);
    assert.deepEqual((await ask(input)).values, [{ count: 2 }]);
  });

  describe('who asks', () => {
    async function sent(
      test: TestContext,
      changes: Partial<HttpInputSettings>,
    ): Promise<IncomingMessage['headers']> {
      let headers: IncomingMessage['headers'] = {};
      const origin = await serve(test, (request, response) => {
        headers = request.headers;
        response.end('{"a":1}');
      });
      assert.equal((await ask(new HttpInput(settings(origin, changes), surroundings))).error, '');
      return headers;
    }

    it('is told by user name and password', async (t) => {
      const { authorization } = await sent(t, { basic: { username: 'jürgen', password: plain(password) } });
      assert.equal(authorization, `Basic ${Buffer.from(`jürgen:${password}`).toString('base64')}`);
    });

    it('is told by a token', async (t) => {
      assert.equal((await sent(t, { bearerToken: plain('abc.def') })).authorization, 'Bearer abc.def');
    });

    it('is told by headers, wherever their secrets stand', async (t) => {
      const file = join(await temporaryDirectory(t), 'key');
      await writeFile(file, 'key-of-the-file\n');
      const headers = await sent(t, {
        headers: {
          'X-Key': { kind: 'env', name: 'API_KEY' },
          'X-Other-Key': { kind: 'file', path: file },
          Accept: plain('application/vnd.plc+json'),
        },
      });
      assert.deepEqual(
        [headers['x-key'], headers['x-other-key'], headers.accept],
        ['key-of-the-environment', 'key-of-the-file', 'application/vnd.plc+json'],
      );
    });

    it('is not told when the secret is not there, or cannot be sent', async (t) => {
      const origin = await serve(t, say('{"a":1}'));
      const missing = settings(origin, { bearerToken: { kind: 'env', name: 'NONE' } });
      assert.match(
        (await ask(new HttpInput(missing, surroundings))).error,
        /^cannot read http:\S+: cannot read the secret at env:NONE: .*the environment has no such variable$/,
      );
      const odd = settings(origin, { headers: { 'X-Key': plain('two\nlines-of-a-secret') } });
      const { error } = await ask(new HttpInput(odd, surroundings));
      assert.match(error, /: cannot send X-Key: it is not printable ASCII$/);
      assert.doesNotMatch(error, /lines-of-a-secret/);
    });
  });

  describe('an answer that is none', () => {
    for (const [what, listener, error] of [
      ['another status', say('no', 503), 'cannot read /s: it answered 503 Service Unavailable'],
      ['nothing', say('', 204), 'cannot read /s: it answered 204 No Content'],
      [
        'a redirect',
        say('', 302, { Location: '/login?token=abc' }),
        'cannot read /s: it answered 302 and points to /login?…: write that as url',
      ],
      [
        'one that is compressed',
        say('x', 200, { 'Content-Encoding': 'gzip' }),
        'cannot read /s: the answer is compressed (gzip), unasked',
      ],
      ['no JSON', say('<html>'), 'cannot read /s: the answer is not JSON'],
    ] as const) {
      it(`is ${what}`, async (t) => {
        const origin = await serve(t, listener);
        assert.deepEqual(await ask(new HttpInput(settings(`${origin}/s`), surroundings), origin), {
          values: [],
          error,
        });
      });
    }

    it('is one that breaks off', async (t) => {
      const origin = await serve(t, (_request, response) => {
        response.writeHead(200, { 'Content-Length': '100' });
        response.write('{"a":', () => response.socket?.destroy());
      });
      assert.match(
        (await ask(new HttpInput(settings(`${origin}/s`), surroundings), origin)).error,
        /^cannot read \/s: /,
      );
    });

    it('is a port that nobody listens at', async () => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      server.close();
      await once(server, 'close');
      const input = new HttpInput(settings(`http://127.0.0.1:${port}/s?key=abc`), surroundings);
      const { error } = await ask(input);
      assert.match(error, /^cannot read http:\/\/127\.0\.0\.1:\d+\/s\?…: connect ECONNREFUSED/);
    });
  });

  describe('bounds', () => {
    it('takes as many bytes as it may', async (t) => {
      const origin = await serve(t, say(`{"a":1}${' '.repeat(4089)}`));
      assert.deepEqual((await ask(new HttpInput(settings(origin), surroundings))).values, [{ a: 1 }]);
    });

    it('stops reading an endless answer, and ends the connection', async (t) => {
      const closed = signal();
      const origin = await serve(t, (_request, response) => {
        response.on('close', closed.give);
        pour(response);
      });
      const { error } = await ask(new HttpInput(settings(`${origin}/s`), surroundings), origin);
      assert.equal(
        error,
        'cannot read /s: the answer is longer than 4096 bytes: raise max_bytes if it may be',
      );
      await closed.given;
    });

    for (const [what, listener] of [
      ['that never begins', (): void => undefined],
      [
        'that never ends',
        (_request: IncomingMessage, response: ServerResponse): void => {
          response.write('{"a":');
        },
      ],
    ] as const) {
      it(`gives up an answer ${what} when the time is over, and ends the connection`, async (t) => {
        const clock = new FakeClock();
        const closed = signal();
        const asked = signal();
        const origin = await serve(t, (request, response) => {
          listener(request, response);
          response.on('close', closed.give);
          asked.give();
        });
        const answer = ask(new HttpInput(settings(`${origin}/s`), { ...surroundings, clock }), origin);
        await asked.given;
        await clock.advance(10_000);
        assert.equal((await answer).error, 'cannot read /s: there was no answer within 10 s');
        await closed.given;
      });
    }

    it('ends at once when it is told to, with the reason it was given', async (t) => {
      const stop = new AbortController();
      const closed = signal();
      const origin = await serve(t, (_request, response) => {
        response.on('close', closed.give);
        stop.abort(new Error('the agent stops'));
      });
      const input = new HttpInput(settings(origin), surroundings);
      await assert.rejects(
        input.read(() => assert.fail('handed over'), stop.signal),
        (error) => error === stop.signal.reason,
      );
      await closed.given;
    });
  });

  describe('by TLS', () => {
    interface Secure {
      readonly url: string;
      readonly authority: string;
      readonly authorityFile: string;
    }

    async function secure(test: TestContext, names: readonly string[]): Promise<Secure> {
      const issuer = await createAuthority({ commonName: 'plant', validity: validNow() });
      const own = await createServerCertificate({ commonName: 'plc', validity: validNow(), issuer, names });
      const server = createTlsServer({ cert: own.certificatePem, key: own.privateKeyPem }, say('{"a":1}'));
      const port = await listening(test, server);
      const authorityFile = join(await temporaryDirectory(test), 'ca.pem');
      await writeFile(authorityFile, issuer.certificatePem);
      return { url: `https://127.0.0.1:${port}/s`, authority: issuer.certificatePem, authorityFile };
    }

    it('trusts the authorities that are named', async (t) => {
      const { url, authorityFile } = await secure(t, ['127.0.0.1']);
      const input = new HttpInput(settings(url, { trustedCerts: [authorityFile] }), surroundings);
      assert.deepEqual(await ask(input), { values: [{ a: 1 }], error: '' });
    });

    it('trusts whom the agent trusts when none is named', async (t) => {
      const { url, authority } = await secure(t, ['127.0.0.1']);
      const input = new HttpInput(settings(url), { ...surroundings, ca: [authority] });
      assert.deepEqual((await ask(input)).values, [{ a: 1 }]);
    });

    it('refuses a server that nobody vouches for, and says what to do', async (t) => {
      const { url } = await secure(t, ['127.0.0.1']);
      const { values, error } = await ask(new HttpInput(settings(url), surroundings), url);
      assert.deepEqual(values, []);
      assert.match(
        error,
        /the server’s certificate is not of a trusted authority: name that in trusted_certs: /,
      );
    });

    it('trusts no one but those who are named', async (t) => {
      const [one, other] = await Promise.all([secure(t, ['127.0.0.1']), secure(t, ['127.0.0.1'])]);
      const trusting = settings(one.url, { trustedCerts: [other.authorityFile] });
      const { error } = await ask(new HttpInput(trusting, { ...surroundings, ca: [one.authority] }));
      assert.match(error, /not of a trusted authority/);
    });

    it('refuses a certificate of another name', async (t) => {
      const { url, authorityFile } = await secure(t, ['plc.example']);
      const input = new HttpInput(settings(url, { trustedCerts: [authorityFile] }), surroundings);
      assert.match((await ask(input)).error, /does not match certificate's altnames/);
    });

    it('says which file of trusted_certs it cannot use', async (t) => {
      const folder = await temporaryDirectory(t);
      const [gone, odd] = [join(folder, 'gone.pem'), join(folder, 'odd.pem')];
      await writeFile(odd, 'nothing');
      const origin = await serve(t, say('{"a":1}'));
      const errorWith = async (file: string): Promise<string> =>
        (await ask(new HttpInput(settings(origin, { trustedCerts: [file] }), surroundings))).error;
      assert.match(await errorWith(gone), /cannot use \S*gone\.pem of trusted_certs: ENOENT/);
      assert.match(
        await errorWith(odd),
        /cannot use \S*odd\.pem of trusted_certs: it holds no PEM certificate/,
      );
    });
  });
});

/** Something that happens once, and can be waited for. */
function signal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}

/** Writes for as long as somebody reads. */
function pour(response: ServerResponse): void {
  response.write(' '.repeat(1024), (error) => {
    if (error === null || error === undefined) pour(response);
  });
}
