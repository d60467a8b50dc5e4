import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import { LiveConfig } from '../../../src/live-config.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { twinSettings } from '../../../src/twin-settings.ts';
import { mergePatch } from '../../../src/twin/desired-document.ts';
import { DesiredSync } from '../../../src/twin/desired-sync.ts';
import type { DesiredSyncOptions } from '../../../src/twin/desired-sync.ts';
import { valueAt } from '../../../src/twin/properties.ts';
import type { DesiredProperties } from '../../../src/twin/properties.ts';
import { ReportQueue } from '../../../src/twin/report-queue.ts';
import { SettingsStore } from '../../../src/twin/settings/settings-store.ts';
import type { SettingsStoreOptions } from '../../../src/twin/settings/settings-store.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { FakeSession } from '../../fakes/fake-hub.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';
import { config } from './settings/configured.ts';

export const refusal = (why: string): CloudError =>
  new CloudError('HUB-TWIN', 'fetch the twin', { cause: new Error(why) });
export const refusedForGood = new CloudError('HUB-TWIN-REFUSED', 'report properties', {
  cause: new Error('status 400, error code 400004: no'),
});

/** A device whose sessions the test opens one by one: what outlives them, and what the hub has of its twin. */
export class DesiredWorld {
  readonly clock = new FakeClock();
  readonly log = new RecordingLog();
  readonly live = new LiveConfig(config);
  readonly store: SettingsStore;
  readonly directory: string;
  readonly reconnects: string[] = [];
  /** What has been asked of the device to do. */
  readonly actions: string[] = [];
  /** What the hub has, merged as it does. */
  reported: JsonObject = {};

  constructor(directory: string, files: Pick<SettingsStoreOptions, 'write'> = {}) {
    const { live, log } = this;
    this.directory = directory;
    const path = join(directory, 'settings.json');
    this.store = new SettingsStore({ path, table: twinSettings, config, live, log, ...files });
  }

  /** Something that stands in the reported properties. */
  at(...path: readonly string[]): unknown {
    return valueAt(this.reported, ...path);
  }

  /** A session, with what is to happen in it. */
  open(
    desired: DesiredProperties = { $version: 1 },
    prepare: (session: FakeSession) => void = () => undefined,
    over: Partial<DesiredSyncOptions> = {},
  ): RunningSync {
    const { clock, log, live, store } = this;
    const session = new FakeSession();
    session.desired = desired;
    session.reported = this.reported;
    prepare(session);
    const report = session.report.bind(session);
    session.report = async (properties) => {
      await report(properties);
      this.reported = mergePatch(this.reported, properties);
    };
    const random = (): number => 0;
    const sync = new DesiredSync({
      session,
      reports: new ReportQueue(session, { clock, random, log }),
      table: twinSettings,
      store,
      hub: 'one',
      generation: live.generation,
      reprovision: { answer: () => Promise.resolve({ acknowledgement: {}, act: () => undefined }) },
      live,
      facts: ['agent'],
      onReconnect: (why) => this.reconnects.push(why),
      clock,
      random,
      log,
      ...over,
    });
    return new RunningSync(session, sync);
  }
}

export class RunningSync {
  readonly session: FakeSession;
  readonly sync: DesiredSync;
  readonly running: Promise<void>;
  readonly #stop = new AbortController();

  constructor(session: FakeSession, sync: DesiredSync) {
    this.session = session;
    this.sync = sync;
    this.running = sync.run(this.#stop.signal);
    // A test that expects it to fail awaits it as well.
    this.running.catch(() => undefined);
  }

  readonly close = async (): Promise<void> => {
    this.#stop.abort();
    await this.running;
  };
}

export async function desiredWorld(test: TestContext): Promise<DesiredWorld> {
  const world = new DesiredWorld(join(await temporaryDirectory(test), 'state'));
  await world.store.load();
  return world;
}
