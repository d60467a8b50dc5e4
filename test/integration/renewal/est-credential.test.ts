import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import type { EstSettings } from '../../../src/config/est-schema.ts';
import { removeFile, writeFileAtomically } from '../../../src/lib/atomic-file.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { X509Credential } from '../../../src/provisioning/credential.ts';
import { EstCredential } from '../../../src/renewal/est-credential.ts';
import { EstEnroller } from '../../../src/renewal/est-enroller.ts';
import { IdentityStore } from '../../../src/renewal/identity-store.ts';
import type { FileSteps } from '../../../src/renewal/identity-store.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { EstServer, estUser } from '../../support/est-server.ts';
import { Scratch } from '../../support/scratch.ts';
import { keepSecret } from '../../support/test-logs.ts';
import { WatchedLog } from '../../support/watched-log.ts';

const minuteMs = 60_000;
const dayMs = 1440 * minuteMs;

describe('a certificate by EST', () => {
  const scratch = new Scratch();
  let clock: FakeClock;
  let server: EstServer;
  let log: WatchedLog;
  let directory: string;
  let bootstrap: { certificate: string; privateKey: string };
  let proved: X509Credential[];
  let onProve: () => Promise<void>;
  let adopted: number;

  beforeEach(async () => {
    clock = new FakeClock(new Date());
    server = await EstServer.start(scratch, () => clock.now());
    log = new WatchedLog();
    directory = join(await scratch.folder(), 'identity');
    bootstrap = await server.bootstrapFiles();
    proved = [];
    onProve = () => Promise.resolve();
    adopted = 0;
  });
  afterEach(() => scratch.clean());

  interface Device {
    readonly credential: EstCredential;
    readonly stop: () => Promise<void>;
  }

  interface Over extends Partial<EstSettings> {
    readonly steps?: FileSteps;
    readonly registrationId?: string;
  }

  /** A device with what earlier ones have left in the directory; stopped when the test is over. */
  async function start({ steps, registrationId = 'gw-1', ...over }: Over = {}): Promise<Device> {
    const settings: EstSettings = {
      url: server.url,
      trustedCerts: [server.caFile],
      bootstrap,
      threshold: { percent: 80 },
      retry: { percent: 4 },
      rotateKey: true,
      ...over,
    };
    const password = (): Promise<Secret> => Promise.resolve(new Secret(estUser.password));
    const credential = new EstCredential({
      registrationId,
      enroller: new EstEnroller({ settings, password, registrationId, clock }),
      settings,
      store: new IdentityStore(directory, log.log, steps),
      prove: (candidate) => {
        proved.push(candidate);
        return onProve();
      },
      adopted: () => {
        adopted += 1;
      },
      clock,
      random: () => 0.5,
      log: log.log,
    });
    await credential.load();
    const stopping = new AbortController();
    const running = credential.run(stopping.signal);
    running.catch(() => undefined);
    const stop = async (): Promise<void> => {
      stopping.abort(new Error('stop'));
      await running;
    };
    scratch.defer(stop);
    return { credential, stop };
  }

  const inUse = /^the new certificate is in use/;

  /** The next line that matches, of those after `from`. */
  async function line(pattern: RegExp, from = 0): Promise<void> {
    await log.until(({ msg }) => pattern.test(msg), undefined, from);
    await clock.untilSomebodySleeps();
  }

  /** A device whose first certificate was issued. */
  async function enrolled(over: Over = {}): Promise<Device> {
    const device = await start(over);
    await line(inUse);
    keepSecret((await device.credential.current()).privateKey.reveal());
    return device;
  }

  /** Lets days go by: one in truth, the others by the wall clock, and the minute in which that is noticed. */
  async function later(ms: number): Promise<void> {
    await clock.advance(dayMs);
    clock.stepWallClock(ms - dayMs);
    await clock.advance(minuteMs);
  }

  /**
   * An attempt that began would not be waiting for its time, or have come to its deadline, which is told: while the fake
   * clock goes on the network stands still, and the server hears of nothing.
   */
  function nothingTriedSince(from: number): void {
    assert.deepEqual(
      log.lines.slice(from).map(({ msg }) => msg),
      [],
    );
    assert.equal(clock.sleeping.length, 1);
  }

  const stored = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');
  const publicKey = async ({ credential }: Device): Promise<string> =>
    createPublicKey((await credential.current()).privateKey.reveal())
      .export({ type: 'spki', format: 'pem' })
      .toString();

  it('is enrolled for at the first start, kept for the owner only, and found at the next start', async () => {
    const device = await start();
    await assert.rejects(device.credential.current(), { code: 'CERT-AWAITED' });
    await line(inUse);
    const first = await device.credential.current();
    assert.deepEqual([adopted, proved.length], [1, 0]);
    assert.equal((await stat(join(directory, 'identity.pem'))).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(directory), ['identity.pem']);
    await device.stop();
    const again = await start();
    assert.equal((await again.credential.current()).certificate, first.certificate);
    assert.deepEqual(server.asked, ['simpleenroll 200']);
  });

  for (const rotateKey of [true, false]) {
    it(`is renewed in time and proved, with ${rotateKey ? 'a new key' : 'the same key'}`, async () => {
      const device = await enrolled({ rotateKey });
      const [first, key] = [await device.credential.current(), await publicKey(device)];
      const from = log.lines.length;
      await later(79 * dayMs);
      nothingTriedSince(from);
      clock.stepWallClock(dayMs);
      await clock.advance(minuteMs);
      await line(inUse, from);
      const second = await device.credential.current();
      assert.deepEqual(server.asked, ['simpleenroll 200', 'simplereenroll 200']);
      assert.deepEqual(
        proved.map(({ certificate }) => certificate),
        [second.certificate],
      );
      assert.equal(adopted, 1, 'one that is proved is not told of once more');
      assert.notEqual(second.certificate, first.certificate);
      assert.equal((await publicKey(device)) === key, !rotateKey);
      assert.deepEqual((await readdir(directory)).sort(), ['identity.pem', 'identity.previous.pem']);
      assert.ok((await stored('identity.previous.pem')).startsWith(first.certificate));
      assert.ok((await stored('identity.pem')).startsWith(second.certificate));
    });
  }

  it('goes on with the old one while the server is down, and is renewed when it is back', async () => {
    const { credential } = await enrolled();
    const first = await credential.current();
    server.faults = { down: true };
    const from = log.lines.length;
    await later(80 * dayMs);
    await line(/could not be renewed, the one in use goes on.*EST-UNREACHABLE/, from);
    const waits = clock.sleeping;
    assert.equal((await credential.current()).certificate, first.certificate);
    assert.deepEqual(waits, [minuteMs]);
    server.faults = {};
    // A day at most between two attempts, in steps of a minute.
    await clock.advance(dayMs);
    await line(inUse, from);
    assert.notEqual((await credential.current()).certificate, first.certificate);
  });

  it('is enrolled for anew with the bootstrap certificate when it expired while offline', async () => {
    const { credential } = await enrolled();
    server.faults = { down: true };
    let from = log.lines.length;
    await later(101 * dayMs);
    await line(/could not be renewed, there is none in use.*EST-UNREACHABLE/, from);
    await assert.rejects(credential.current(), { code: 'CERT-AWAITED' });
    server.faults = {};
    from = log.lines.length;
    await clock.advance(2 * minuteMs);
    await line(inUse, from);
    assert.ok((await credential.current()).certificate);
    assert.deepEqual(server.asked, ['simpleenroll 200', 'simpleenroll 200']);
    assert.equal(server.requests.at(-1)?.provedBy, 'factory');
    assert.deepEqual([adopted, proved.length], [2, 0]);
    assert.deepEqual(await readdir(directory), ['identity.pem'], 'the expired one is of no use');
  });

  for (const [wish, retryAfter, hours] of [
    ['an hour', undefined, 1],
    ['as long as the server wants', '21600', 6],
  ] as const)
    it(`waits no longer than ${wish} once it has expired, however long it could wait before`, async () => {
      await enrolled({ retry: { percent: 20 } });
      server.faults = { status: 503, retryAfter };
      const from = log.lines.length;
      await later(80 * dayMs);
      await line(/could not be renewed, the one in use goes on.*EST-REFUSED/, from);
      const waiting = log.lines.length;
      clock.stepWallClock(30 * dayMs);
      await clock.advance(hours * 60 * minuteMs - 2 * minuteMs);
      nothingTriedSince(waiting);
      await clock.advance(3 * minuteMs);
      await line(/could not be renewed, there is none in use/, waiting);
    });

  it('never keeps a certificate for another name', async () => {
    const { credential } = await enrolled();
    const first = await credential.current();
    const before = await stored('identity.pem');
    server.faults = { commonName: 'gw-2' };
    const from = log.lines.length;
    await later(80 * dayMs);
    await line(/is for gw-2 and not for gw-1 \[EST-ANSWER\]/, from);
    assert.equal((await credential.current()).certificate, first.certificate);
    assert.deepEqual([await readdir(directory), await stored('identity.pem')], [['identity.pem'], before]);
    assert.equal(proved.length, 0);
  });

  it('says once that a failure repeats, and waits as long as the server wants', async () => {
    server.faults = { status: 503, retryAfter: '600' };
    await start();
    await line(/EST-REFUSED/);
    const from = log.lines.length;
    await clock.advance(9 * minuteMs);
    nothingTriedSince(from);
    await clock.advance(minuteMs);
    await line(/EST-REFUSED/, from);
    assert.deepEqual(server.asked, ['simpleenroll 503', 'simpleenroll 503']);
    assert.deepEqual(
      log.lines.map(({ level }) => level),
      [40, 20],
    );
  });

  it('asks for another one, not soon, when the new one was refused', async () => {
    const { credential } = await enrolled();
    const first = await credential.current();
    onProve = () => Promise.reject(new CloudError('DPS-401', 'register with DPS'));
    let from = log.lines.length;
    await later(80 * dayMs);
    await line(/DPS-401/, from);
    assert.equal((await credential.current()).certificate, first.certificate);
    assert.deepEqual(await readdir(directory), ['identity.pem']);
    from = log.lines.length;
    await clock.advance(dayMs / 2);
    nothingTriedSince(from);
    onProve = () => Promise.resolve();
    await clock.advance(dayMs / 2);
    await line(inUse, from);
    assert.equal(proved.length, 2);
    assert.notEqual(proved[0]?.certificate, proved[1]?.certificate);
  });

  it('tries the same new one again when it could not be tried, without asking the server', async () => {
    await enrolled();
    onProve = () => Promise.reject(new CloudError('NET-TIMEOUT', 'connect to the hub'));
    let from = log.lines.length;
    await later(80 * dayMs);
    await line(/NET-TIMEOUT/, from);
    onProve = () => Promise.resolve();
    from = log.lines.length;
    await clock.advance(2 * minuteMs);
    await line(inUse, from);
    assert.equal(proved.length, 2);
    assert.equal(proved[0]?.certificate, proved[1]?.certificate);
    assert.deepEqual(server.asked, ['simpleenroll 200', 'simplereenroll 200']);
  });

  it('returns to the one before when the promoted one is refused later, and back', async () => {
    const { credential } = await enrolled();
    const first = await credential.current();
    assert.equal(credential.refused(first), false);
    const from = log.lines.length;
    await later(80 * dayMs);
    await line(inUse, from);
    const second = await credential.current();
    assert.equal(credential.refused(first), false);
    assert.equal(credential.refused(second), true);
    assert.equal((await credential.current()).certificate, first.certificate);
    assert.equal(credential.refused(first), true);
    assert.equal((await credential.current()).certificate, second.certificate);
  });

  it('is not asked for without end when the server issues what is due already', async () => {
    server.faults = {
      validity: {
        notBefore: new Date(clock.now().getTime() - 90 * dayMs),
        notAfter: new Date(clock.now().getTime() + dayMs),
      },
    };
    await enrolled();
    const from = log.lines.length;
    await clock.advance(9 * 60 * minuteMs);
    nothingTriedSince(from);
  });

  it('is enrolled for anew when the registration ID has changed', async () => {
    await (await enrolled()).stop();
    const from = log.lines.length;
    const device = await start({ registrationId: 'gw-9' });
    await assert.rejects(device.credential.current(), { code: 'CERT-AWAITED' });
    await line(inUse, from);
    assert.equal((await device.credential.current()).registrationId, 'gw-9');
    assert.deepEqual(server.asked, ['simpleenroll 200', 'simpleenroll 200']);
  });

  it('is enrolled for anew when its file was damaged, which is set aside', async () => {
    await (await enrolled()).stop();
    await writeFile(join(directory, 'identity.pem'), (await stored('identity.pem')).slice(0, 300));
    const from = log.lines.length;
    await start();
    await line(inUse, from);
    assert.deepEqual((await readdir(directory)).sort(), ['identity.pem', 'identity.pem.damaged']);
  });

  it('is used all the same when it cannot be saved, which is said', async () => {
    const full: FileSteps = {
      write: () => Promise.reject(new Error('ENOSPC: no space left on device')),
      remove: () => Promise.resolve(),
    };
    const { credential } = await enrolled({ steps: full });
    assert.ok((await credential.current()).certificate);
    await log.until(({ level, msg }) => level === 50 && msg.startsWith('cannot save'));
  });

  describe('a power cut', () => {
    /** Does so many steps as they should be done; the next one never ends, nor does anything after it. */
    function cutAfter(steps: number): FileSteps & { readonly cut: Promise<void> } {
      let left = steps;
      let onCut = (): void => undefined;
      const cut = new Promise<void>((resolve) => {
        onCut = resolve;
      });
      const step = (work: () => Promise<void>): Promise<void> => {
        if (left > 0) {
          left -= 1;
          return work();
        }
        onCut();
        return new Promise(() => undefined);
      };
      return {
        cut,
        write: (path, content) => step(() => writeFileAtomically(path, content)),
        remove: (path) => step(() => removeFile(path)),
      };
    }

    /** After how many steps of a renewal, whether the new certificate is kept, and in use without another proof. */
    const rows = [
      { steps: 0, kept: false, promoted: false },
      { steps: 1, kept: true, promoted: false },
      { steps: 2, kept: true, promoted: false },
      { steps: 3, kept: true, promoted: true },
    ];
    for (const { steps, kept, promoted } of rows) {
      it(`after step ${steps} of a renewal leaves a device that goes on`, async () => {
        const before = await enrolled();
        const first = await before.credential.current();
        await before.stop();
        clock.stepWallClock(80 * dayMs);

        const powerCut = cutAfter(steps);
        await startAndCut(powerCut);
        const asked = server.asked.length;
        const provedBefore = proved.length;
        const from = log.lines.length;

        const { credential } = await start();
        const atStart = await credential.current();
        assert.equal(atStart.certificate === first.certificate, !promoted);
        if (!promoted) await line(inUse, from);
        const second = await credential.current();
        assert.notEqual(second.certificate, first.certificate);
        assert.equal(server.asked.length - asked, kept ? 0 : 1);
        assert.equal(proved.length - provedBefore, promoted ? 0 : 1);
        await clock.untilSomebodySleeps();
        assert.deepEqual((await readdir(directory)).sort(), ['identity.pem', 'identity.previous.pem']);
      });
    }

    async function startAndCut(powerCut: ReturnType<typeof cutAfter>): Promise<void> {
      const settings = { url: server.url, trustedCerts: [server.caFile], bootstrap, rotateKey: true };
      const registrationId = 'gw-1';
      const dead = new EstCredential({
        registrationId,
        enroller: new EstEnroller({ settings, registrationId, clock }),
        settings: { threshold: { percent: 80 }, retry: { percent: 4 } },
        store: new IdentityStore(directory, log.log, powerCut),
        prove: (candidate) => {
          proved.push(candidate);
          return Promise.resolve();
        },
        adopted: () => undefined,
        clock,
        random: () => 0.5,
        log: log.log,
      });
      await dead.load();
      // Never ends, as nothing does without power.
      dead.run(new AbortController().signal).catch(() => undefined);
      await powerCut.cut;
    }
  });
});
