import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:https';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { headersOf } from '../../../src/azure/https-line.ts';
import { SecureContexts } from '../../../src/azure/secure-contexts.ts';
import { WireBytes } from '../../../src/azure/wire-bytes.ts';
import { createAuthority, createServerCertificate } from '../../../src/certificates/certificate.ts';
import { dateWithinMs, httpsDateOffset } from '../../../src/clock-sync/https-date.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';

const never = new AbortController().signal;
const hourMs = 3_600_000;
const today = { notBefore: new Date(Date.now() - hourMs), notAfter: new Date(Date.now() + hourMs) };
const past = { notBefore: new Date(0), notAfter: new Date(Date.now() - hourMs) };

describe('the offset by the date of an HTTPS answer', () => {
  const cases = [
    ['Thu, 01 Jan 2026 12:00:00 GMT', 0],
    ['Thu, 01 Jan 2026 15:00:00 GMT', 3 * hourMs],
    ['Wed, 31 Dec 2025 12:00:00 GMT', -24 * hourMs],
  ] as const;
  for (const [date, expectedMs] of cases) {
    it(`is ${expectedMs} ms at noon for ${date}`, async (t) => {
      const { measure, asked } = await server(t, { date });
      const offsetMs = await measure(never);
      assert.equal(offsetMs, expectedMs + 500);
      assert.deepEqual(asked, ['HEAD /']);
    });
  }

  it('counts half the way there and back', async (t) => {
    const { measure } = await server(t, {
      date: 'Thu, 01 Jan 2026 12:00:00 GMT',
      onRequest: (clock) => clock.advance(4000),
    });
    assert.equal(await measure(never), 500 + 2000 - 4000);
  });

  it('is unknown when the answer has no date', async (t) => {
    const { measure, log } = await server(t, { date: undefined });
    assert.equal(await measure(never), undefined);
    assert.match(String(log.lines[0]?.fields['error']), /the answer’s date is undefined/);
  });

  it('is unknown when the certificate is not trusted', async (t) => {
    const { measure, log, asked } = await server(t, {
      date: 'Thu, 01 Jan 2026 12:00:00 GMT',
      trusted: false,
    });
    assert.equal(await measure(never), undefined);
    assert.match(String(log.lines[0]?.fields['error']), /certificate/);
    assert.deepEqual(asked, []);
  });

  it('is unknown when the certificate is out of its time: it is verified here too', async (t) => {
    const { measure, asked } = await server(t, { date: 'Thu, 01 Jan 2026 12:00:00 GMT', validity: past });
    assert.equal(await measure(never), undefined);
    assert.deepEqual(asked, []);
  });

  it('is unknown after 10 s without an answer, and the connection is closed', async (t) => {
    const { measure, clock, connection } = await server(t, { date: 'never', silent: true });
    const measuring = measure(never);
    const socket = await connection;
    const closed = once(socket, 'close');
    await clock.advance(10_000);
    assert.equal(await measuring, undefined);
    await closed;
  });

  it('is not waited for when the agent stops', async (t) => {
    const { measure, connection } = await server(t, { date: 'never', silent: true });
    const stop = new AbortController();
    const measuring = measure(stop.signal);
    const rejected = assert.rejects(measuring, /stopping/);
    await connection;
    stop.abort(new Error('stopping'));
    await rejected;
  });
});

interface ServerOptions {
  readonly date: string | undefined;
  readonly trusted?: boolean;
  readonly validity?: { notBefore: Date; notAfter: Date };
  readonly silent?: boolean;
  readonly onRequest?: (clock: FakeClock) => Promise<void>;
}

interface Served {
  readonly measure: (signal: AbortSignal) => Promise<number | undefined>;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  readonly asked: string[];
  readonly connection: Promise<Socket>;
}

/** A server that says what time it is, for a device whose clock stands at noon on the first of January 2026. */
async function server(t: TestContext, options: ServerOptions): Promise<Served> {
  const authority = await createAuthority({ commonName: 'test authority', validity: today });
  const identity = await createServerCertificate({
    commonName: 'localhost',
    names: ['localhost'],
    issuer: authority,
    validity: options.validity ?? today,
  });
  const clock = new FakeClock(new Date('2026-01-01T12:00:00Z'));
  const log = new RecordingLog();
  const asked: string[] = [];
  const listening = createServer(
    { cert: identity.certificatePem, key: identity.privateKeyPem },
    (request, response) => {
      asked.push(`${String(request.method)} ${String(request.url)}`);
      if (options.silent === true) return;
      response.sendDate = false;
      if (options.date !== undefined) response.setHeader('date', options.date);
      response.statusCode = 404;
      void (options.onRequest?.(clock) ?? Promise.resolve()).then(() => response.end());
    },
  );
  listening.listen(0, 'localhost');
  await once(listening, 'listening');
  t.after(() => {
    listening.closeAllConnections();
    listening.close();
  });
  const connection = once(listening, 'connection').then(([socket]) => socket as Socket);
  const contexts = new SecureContexts(options.trusted === false ? undefined : [authority.certificatePem]);
  const { port } = listening.address() as AddressInfo;
  const to = { host: 'localhost', port, secureContext: contexts.anonymous() };
  const surroundings = {
    route: () => ({ noProxy: [] }),
    wire: new WireBytes(),
    clock,
    requestTimeoutMs: dateWithinMs,
  };
  const headers = (limit: AbortSignal): ReturnType<typeof headersOf> => headersOf(to, surroundings, limit);
  return {
    measure: (signal) => httpsDateOffset({ headers, clock, log }, signal),
    clock,
    log,
    asked,
    connection,
  };
}
