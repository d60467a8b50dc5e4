import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { createDeviceCertificate } from '../../../src/certificates/certificate.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { X509Credential } from '../../../src/provisioning/credential.ts';
import { dayMs, daysLeft, urgencyOf } from '../../../src/renewal/days-left.ts';
import { ExpiryWatch } from '../../../src/renewal/expiry-watch.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';

const begin = new Date('2026-01-01T00:00:00Z');
const after = (days: number): Date => new Date(begin.getTime() + days * dayMs);

describe('the days left', () => {
  const rows: readonly (readonly [Date, number])[] = [
    [after(0), 10],
    [after(0.5), 9],
    [after(9.5), 0],
    [after(10), 0],
    [after(10.5), -1],
  ];
  for (const [now, expected] of rows) {
    it(`are ${expected} on ${now.toISOString()} of a certificate valid until ${after(10).toISOString()}`, () => {
      assert.equal(daysLeft({ notAfter: after(10) }, now), expected);
    });
  }

  const urgencies: readonly (readonly [number, number, string])[] = [
    [365, 334, 'info'],
    [365, 335, 'warn'],
    [365, 357, 'warn'],
    [365, 358, 'error'],
    [365, 400, 'error'],
    [90, 59, 'info'],
    [90, 60, 'warn'],
    [90, 83, 'error'],
    [12, 7, 'info'],
    [12, 8, 'warn'],
    [12, 11, 'error'],
  ];
  for (const [lifetimeDays, age, expected] of urgencies) {
    it(`are ${expected} after ${age} of ${lifetimeDays} days`, () => {
      assert.equal(urgencyOf({ notBefore: begin, notAfter: after(lifetimeDays) }, after(age)), expected);
    });
  }
});

describe('ExpiryWatch', () => {
  let clock: FakeClock;
  let log: RecordingLog;
  let source: { inUse: X509Credential | undefined };

  beforeEach(() => {
    clock = new FakeClock(begin);
    log = new RecordingLog();
    source = { inUse: undefined };
  });

  async function valid(days: number): Promise<X509Credential> {
    const validity = { notBefore: after(0), notAfter: after(days) };
    const made = await createDeviceCertificate({ commonName: 'gw-1', validity });
    const credential = {
      method: 'x509',
      name: 'primary',
      registrationId: 'gw-1',
      certificate: made.certificatePem,
      privateKey: new Secret(made.privateKeyPem),
    } as const;
    return credential;
  }

  async function watching(work: (watch: ExpiryWatch) => Promise<void>): Promise<void> {
    const watch = new ExpiryWatch({ name: 'primary', source, clock, log });
    const stopping = new AbortController();
    const running = watch.run(stopping.signal);
    await clock.advance(0);
    await work(watch);
    stopping.abort();
    await running;
    assert.deepEqual(clock.sleeping, []);
  }

  const told = (): unknown[] => log.lines.map(({ level, fields }) => [level, fields['daysLeft']]);

  it('says at start how long the certificate is valid', async () => {
    source.inUse = await valid(365);
    await watching((watch) => {
      assert.deepEqual(told(), [['info', 365]]);
      assert.equal(watch.daysLeft, 365);
      return Promise.resolve();
    });
  });

  it('says nothing, and knows no days, without a certificate', async () => {
    await watching((watch) => {
      assert.deepEqual([told(), watch.daysLeft], [[], undefined]);
      return Promise.resolve();
    });
  });

  it('warns every day from 30 days, is an error every day from 7, and after the end', async () => {
    source.inUse = await valid(400);
    await watching(async (watch) => {
      clock.stepWallClock(368 * dayMs);
      await clock.advance(35 * dayMs);
      assert.equal(watch.daysLeft, -3);
    });
    assert.equal(log.messages('info').length, 1);
    assert.equal(log.messages('warn').length, 23);
    assert.equal(log.messages('error').length, 11);
    assert.match(
      log.messages('warn')[0] ?? '',
      /^the primary certificate is valid until .*: days left: (29|30)$/,
    );
    assert.match(log.messages('error').at(-1) ?? '', /^the primary certificate has expired/);
  });

  it('notices within a minute that the wall clock was stepped', async () => {
    source.inUse = await valid(365);
    await watching(async () => {
      clock.stepWallClock(362 * dayMs);
      await clock.advance(60_000);
    });
    assert.deepEqual(told(), [
      ['info', 365],
      ['error', 2],
    ]);
  });

  it('speaks of a new certificate at once, and is calm again', async () => {
    source.inUse = await valid(3);
    await watching(async () => {
      clock.stepWallClock(2.9 * dayMs);
      await clock.advance(60_000);
      source.inUse = await valid(365);
      await clock.advance(3 * dayMs);
    });
    assert.deepEqual(told(), [
      ['info', 3],
      ['error', 0],
      ['info', 362],
    ]);
  });
});
