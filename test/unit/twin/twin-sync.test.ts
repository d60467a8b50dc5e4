import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import type { DesiredProperties } from '../../../src/twin/properties.ts';
import { SettingsStore } from '../../../src/twin/settings-store.ts';
import { TwinSync } from '../../../src/twin/twin-sync.ts';
import type { TwinSyncOptions } from '../../../src/twin/twin-sync.ts';
import { FakeClock, settle } from '../../fakes/fake-clock.ts';
import { FakeSession } from '../../fakes/fake-hub.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const about = { agent: { version: '1.2.3' } };
const refused = new CloudError('HUB-TWIN', 'fetch the twin', { cause: new Error('status 429') });

const asking = ($version: number, intervalSeconds: unknown): DesiredProperties => ({
  telemetry: { intervalSeconds },
  $version,
});

/** Fails so many times, then does as it should. */
function failing<T>(times: number, error: Error, result: () => T): () => Promise<T> {
  let left = times;
  return () => (left-- > 0 ? Promise.reject(error) : Promise.resolve(result()));
}

/** A TwinSync that runs until the test is over. */
async function start(
  test: TestContext,
  prepare: (session: FakeSession) => void = () => undefined,
  over: Partial<TwinSyncOptions> = {},
) {
  const directory = join(await temporaryDirectory(test), 'state');
  const [session, clock, log, stop] = [
    new FakeSession(),
    new FakeClock(),
    new RecordingLog(),
    new AbortController(),
  ];
  const store = new SettingsStore(join(directory, 'settings.json'), log);
  prepare(session);
  const sync = new TwinSync({
    session,
    store,
    reprovision: { answer: () => Promise.resolve({ acknowledgement: {}, act: () => undefined }) },
    about,
    configuredSeconds: 60,
    clock,
    random: () => 0,
    log,
    ...over,
  });
  const running = sync.run(stop.signal);
  // A test that expects it to fail awaits it as well.
  running.catch(() => undefined);
  test.after(async () => {
    stop.abort();
    await running.catch(() => undefined);
  });
  return { directory, session, clock, log, store, stop, running };
}

function acknowledgement(report: JsonObject | undefined): JsonObject {
  const { telemetry } = report as { telemetry: { intervalSeconds: JsonObject } };
  return telemetry.intervalSeconds;
}

describe('TwinSync at the beginning of a session', () => {
  it('subscribes before it fetches, and then reports', async (t) => {
    const { session } = await start(t);
    await session.untilReports(1);
    assert.deepEqual(session.twinRequests, ['subscribe', 'fetch', 'report']);
  });

  it('says what the device is, once, with its first acknowledgement', async (t) => {
    const { session } = await start(t, (twin) => {
      twin.desired = asking(5, 10);
    });
    await session.untilReports(1);
    assert.deepEqual(session.reports, [
      { ...about, telemetry: { intervalSeconds: { value: 10, ac: 200, av: 5, ad: 'applied' } } },
    ]);
    session.patch(asking(6, 20));
    await session.untilReports(2);
    assert.deepEqual(Object.keys(session.reports[1] ?? {}), ['telemetry']);
  });

  it('puts in force what the document asks for, and says so', async (t) => {
    const { session, store, log } = await start(t, (twin) => {
      twin.desired = asking(5, 10);
    });
    await session.untilReports(1);
    assert.equal(store.intervalMs(60_000), 10_000);
    assert.deepEqual(log.messages('info'), ['the twin has changed the settings: all inputs every 10 s']);
  });

  it('says nothing where everything is as it was', async (t) => {
    const { session, log } = await start(t);
    await session.untilReports(1);
    assert.deepEqual(log.lines, []);
  });

  it('goes back to the configuration when nothing is asked any more', async (t) => {
    const { session, store, log } = await start(t, (twin) => {
      twin.desired = asking(5, 10);
    });
    await session.untilReports(1);
    session.patch(asking(6, null));
    await session.untilReports(2);
    assert.deepEqual(session.reports[1], { telemetry: { intervalSeconds: null } });
    assert.equal(store.intervalMs(60_000), 60_000);
    assert.equal(log.messages('info').at(-1), 'the twin has changed the settings: intervals as configured');
  });
});

describe('TwinSync following patches', () => {
  it('applies and acknowledges one after another', async (t) => {
    const { session } = await start(t);
    await session.untilReports(1);
    for (const version of [2, 3, 4]) session.patch(asking(version, version * 10));
    await session.untilReports(4);
    assert.deepEqual(
      session.reports
        .slice(1)
        .map((report) => [acknowledgement(report)['value'], acknowledgement(report)['av']]),
      [
        [20, 2],
        [30, 3],
        [40, 4],
      ],
    );
    assert.equal(session.twinRequests.filter((request) => request === 'fetch').length, 1);
  });

  it('acknowledges with the version of a patch that is about something else', async (t) => {
    const { session } = await start(t, (twin) => {
      twin.desired = asking(5, 10);
    });
    await session.untilReports(1);
    session.patch({ color: 'red', $version: 6 });
    await session.untilReports(2);
    assert.deepEqual(acknowledgement(session.reports[1]), { value: 10, ac: 200, av: 6, ad: 'applied' });
  });

  it('takes no notice of what it knows already', async (t) => {
    const { session, store } = await start(t, (twin) => {
      twin.desired = asking(5, 10);
    });
    await session.untilReports(1);
    session.patch(asking(5, 50));
    session.patch(asking(4, 40));
    session.patch(asking(6, 20));
    await session.untilReports(2);
    assert.equal(acknowledgement(session.reports[1])['av'], 6);
    assert.equal(store.current.intervalSeconds, 20);
  });

  it('misses no patch that comes while it fetches', async (t) => {
    const { session } = await start(t, (twin) => {
      twin.onFetch = () => {
        twin.patch(asking(6, 20));
        return Promise.resolve(asking(5, 10));
      };
    });
    await session.untilReports(2);
    assert.deepEqual(
      session.reports.map((report) => acknowledgement(report)['av']),
      [5, 6],
    );
  });

  it('does not go back to a patch that the fetched document already holds', async (t) => {
    const { session, store } = await start(t, (twin) => {
      twin.onFetch = () => {
        twin.patch(asking(6, 20));
        return Promise.resolve(asking(7, 30));
      };
    });
    await session.untilReports(1);
    session.patch({ color: 'red', $version: 8 });
    await session.untilReports(2);
    assert.deepEqual(
      session.reports.map((report) => acknowledgement(report)['av']),
      [7, 8],
    );
    assert.equal(store.current.intervalSeconds, 30);
  });

  it('fetches again where patches are missing, and goes on from there', async (t) => {
    const { session } = await start(t, (twin) => {
      twin.desired = asking(5, 10);
    });
    await session.untilReports(1);
    session.desired = asking(9, 90);
    session.patch({ color: 'red', $version: 9 });
    await session.untilReports(2);
    session.patch(asking(10, 100));
    await session.untilReports(3);
    assert.deepEqual(
      session.reports.map((report) => [acknowledgement(report)['value'], acknowledgement(report)['av']]),
      [
        [10, 5],
        [90, 9],
        [100, 10],
      ],
    );
    assert.deepEqual(session.twinRequests, ['subscribe', 'fetch', 'report', 'fetch', 'report', 'report']);
  });
});

describe('TwinSync with a value that cannot be', () => {
  it('refuses it, says what holds, and leaves that as it is', async (t) => {
    const { session, store, log } = await start(t, (twin) => {
      twin.desired = asking(5, 10);
    });
    await session.untilReports(1);
    session.patch(asking(6, 'often'));
    await session.untilReports(2);
    const { value, ac, av } = acknowledgement(session.reports[1]);
    assert.deepEqual([value, ac, av], [10, 400, 6]);
    assert.equal(store.current.intervalSeconds, 10);
    assert.equal(log.messages('info').length, 1);
  });

  it('says that the configuration holds where there was nothing before', async (t) => {
    const { session } = await start(t, (twin) => {
      twin.desired = asking(5, 0);
    });
    await session.untilReports(1);
    const { value, ac } = acknowledgement(session.reports[0]);
    assert.deepEqual([value, ac], [60, 400]);
  });
});

describe('TwinSync without a place to save', () => {
  const block = async (directory: string): Promise<void> => {
    await rm(directory, { recursive: true, force: true });
    await writeFile(directory, 'not a directory');
  };

  it('acknowledges with 500, says why in twin and log, and leaves what holds', async (t) => {
    const { directory, session, store, log } = await start(t);
    await session.untilReports(1);
    await block(directory);
    session.patch(asking(2, 10));
    await session.untilReports(2);
    const { value, ac, av, ad } = acknowledgement(session.reports[1]);
    assert.deepEqual([value, ac, av], [60, 500, 2]);
    assert.match(String(ad), /^cannot save the settings: .*(ENOTDIR|EEXIST)/);
    assert.deepEqual(log.messages('error'), [ad]);
    assert.deepEqual(store.current, {});
  });

  it('puts in force with the next patch what it could not save with the last', async (t) => {
    const { directory, session, store } = await start(t);
    await session.untilReports(1);
    await block(directory);
    session.patch(asking(2, 10));
    await session.untilReports(2);
    await rm(directory);
    await mkdir(directory);
    session.patch({ color: 'red', $version: 3 });
    await session.untilReports(3);
    assert.deepEqual(acknowledgement(session.reports[2]), { value: 10, ac: 200, av: 3, ad: 'applied' });
    assert.equal(store.current.intervalSeconds, 10);
  });
});

describe('TwinSync refused by the hub', () => {
  it('asks again, says the first refusal, and that it is over', async (t) => {
    const { session, clock, log } = await start(t, (twin) => {
      twin.onFetch = failing(3, refused, () => asking(5, 10));
    });
    await clock.advance(15_000);
    await session.untilReports(1);
    assert.deepEqual(
      log.lines.slice(0, 2).map(({ level, message }) => `${level}: ${message}`),
      [
        'warn: cannot fetch the twin: the hub refused or did not answer a twin request: status 429',
        'info: could fetch the twin after 3 refusals',
      ],
    );
    assert.equal(log.lines[0]?.fields['code'], 'HUB-TWIN');
  });

  it('asks ever more rarely, at most every five minutes', async (t) => {
    const most = { random: () => 1 };
    const { session, clock } = await start(
      t,
      (twin) => {
        twin.onFetch = failing(Infinity, refused, () => asking(5, 10));
      },
      most,
    );
    const waits: unknown[] = [];
    await settle();
    for (let attempt = 0; attempt < 9; attempt += 1) {
      const [ms = 0] = clock.sleeping;
      waits.push(ms / 1000);
      await clock.advance(ms);
    }
    assert.deepEqual(waits, [10, 20, 40, 80, 160, 300, 300, 300, 300]);
    assert.equal(session.twinRequests.filter((request) => request === 'fetch').length, 10);
  });

  it('repeats a report until it is accepted, with what it said', async (t) => {
    const { session, clock } = await start(t, (twin) => {
      twin.desired = asking(5, 10);
      twin.onReport = failing(2, refused, () => undefined);
    });
    // The settings are saved meanwhile, which no fake clock knows.
    await clock.untilSomebodySleeps();
    await clock.advance(10_000);
    await session.untilReports(1);
    assert.deepEqual(session.twinRequests, ['subscribe', 'fetch', 'report', 'report', 'report']);
    assert.deepEqual(session.reports, [
      { ...about, telemetry: { intervalSeconds: { value: 10, ac: 200, av: 5, ad: 'applied' } } },
    ]);
  });

  it('says the next row of refusals again', async (t) => {
    const { session, clock, log } = await start(t, (twin) => {
      twin.onReport = failing(1, refused, () => undefined);
    });
    await clock.untilSomebodySleeps();
    await clock.advance(5000);
    await session.untilReports(1);
    session.onReport = failing(1, refused, () => undefined);
    session.patch({ color: 'red', $version: 2 });
    await clock.untilSomebodySleeps();
    await clock.advance(5000);
    await session.untilReports(2);
    assert.deepEqual([log.messages('warn').length, log.messages('info').length], [2, 2]);
  });

  it('follows patches that came while it was refused', async (t) => {
    const { session, clock } = await start(t, (twin) => {
      twin.onReport = failing(1, refused, () => undefined);
    });
    await clock.untilSomebodySleeps();
    session.patch(asking(2, 20));
    await clock.advance(5000);
    await session.untilReports(2);
    assert.equal(acknowledgement(session.reports[1])['value'], 20);
  });
});

describe('TwinSync and the end', () => {
  it('stops at once while it waits for patches', async (t) => {
    const { session, stop, running } = await start(t);
    await session.untilReports(1);
    stop.abort();
    await running;
  });

  it('stops at once while it waits to ask again, and leaves no timer', async (t) => {
    const { clock, stop, running } = await start(t, (twin) => {
      twin.onFetch = failing(Infinity, refused, () => asking(5, 10));
    });
    await clock.untilSomebodySleeps();
    stop.abort();
    await running;
    assert.deepEqual(clock.sleeping, []);
  });

  for (const [request, fail] of [
    ['a fetch', (twin: FakeSession, error: Error) => (twin.onFetch = () => Promise.reject(error))],
    ['a report', (twin: FakeSession, error: Error) => (twin.onReport = () => Promise.reject(error))],
  ] as const) {
    it(`ends with the session when ${request} fails because that is over`, async (t) => {
      const lost = new CloudError('NET-RESET', 'keep the session');
      const { running } = await start(t, (twin) => {
        fail(twin, lost);
      });
      await assert.rejects(running, (error) => error === lost);
    });

    it(`ends with a bug in ${request}`, async (t) => {
      const { running } = await start(t, (twin) => {
        fail(twin, new TypeError('a bug'));
      });
      await assert.rejects(running, { name: 'TypeError' });
    });
  }
});
