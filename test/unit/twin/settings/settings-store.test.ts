import assert from 'node:assert/strict';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { LiveConfig } from '../../../../src/live-config.ts';
import { twinSettings } from '../../../../src/twin-settings.ts';
import { readSettingsFile, settingsInForce } from '../../../../src/twin/settings/settings-file.ts';
import type { SettingsState } from '../../../../src/twin/settings/settings-file.ts';
import { SettingsStore } from '../../../../src/twin/settings/settings-store.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../../fakes/temporary-directory.ts';
import { config, manual } from './configured.ts';

const interval = (value: unknown, version = 3): SettingsState => ({
  settings: { 'telemetry.intervalSeconds': { value, version } },
  connection: { name: 'settled', confirmed: {} },
});
const trying = (restarts: number): SettingsState => ({
  settings: {},
  connection: {
    name: 'trying',
    confirmed: { 'connection.keepAliveSeconds': { value: 30, version: 1 } },
    wanted: { 'connection.keepAliveSeconds': { value: 300, version: 2 } },
    restarts,
  },
});

async function place(test: TestContext) {
  const directory = join(await temporaryDirectory(test), 'state');
  const path = join(directory, 'settings.json');
  const start = async (over = config) => {
    const [live, log] = [new LiveConfig(over), new RecordingLog()];
    const store = new SettingsStore({ path, table: twinSettings, config: over, live, log });
    await store.load();
    return { store, live, log };
  };
  return { directory, path, previous: join(directory, 'settings.previous.json'), start };
}

const seconds = ({ current }: LiveConfig): (number | null)[] =>
  current.telemetry.inputs.map((input) => ('intervalMs' in input ? input.intervalMs / 1000 : null));

describe('SettingsStore', () => {
  it('puts in force what is saved, and has it again after a restart', async (t) => {
    const { start } = await place(t);
    const first = await start();
    await first.store.update(() => interval(10));
    assert.deepEqual(seconds(first.live), [10, 10, null]);
    const second = await start();
    assert.deepEqual(second.store.state, interval(10));
    assert.deepEqual(seconds(second.live), [10, 10, null]);
  });

  it('lies over another configuration of the files from when on there is one', async (t) => {
    const { start } = await place(t);
    const { store, live } = await start();
    await store.update(() => interval(10));
    store.rebase({ ...config, reporting: { intervalMs: 5000 } });
    assert.deepEqual([seconds(live), live.current.reporting.intervalMs], [[10, 10, null], 5000]);
    await store.update(() => interval(20));
    assert.deepEqual([seconds(live), live.current.reporting.intervalMs], [[20, 20, null], 5000]);
  });

  it('writes a file that nobody else may read, and only when there is something to write', async (t) => {
    const { path, previous, start } = await place(t);
    const { store, live } = await start();
    await store.update(() => interval(10));
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const { generation } = live;
    await store.update((state) => state);
    assert.equal(live.generation, generation);
    await assert.rejects(stat(previous), { code: 'ENOENT' });
  });

  it('says what is in the file to who only reads it', async (t) => {
    const { path, start } = await place(t);
    const { store } = await start();
    await store.update(() => interval(10, 7));
    const state = readSettingsFile(await readFile(path, 'utf8'));
    assert.ok(state !== undefined);
    assert.deepEqual(settingsInForce(state), { 'telemetry.intervalSeconds': { value: 10, version: 7 } });
  });

  it('makes one change after another, each of what the one before has left', async (t) => {
    const { start } = await place(t);
    const { store } = await start();
    const more = (state: SettingsState): SettingsState => {
      const saved = state.settings['telemetry.drainRate'];
      return {
        ...state,
        settings: { 'telemetry.drainRate': { value: Number(saved?.value ?? 0) + 1, version: 1 } },
      };
    };
    await Promise.all([store.update(more), store.update(more), store.update(more)]);
    assert.equal(store.state.settings['telemetry.drainRate']?.value, 3);
  });

  it('leaves all as it was when it cannot save', async (t) => {
    const { directory, start } = await place(t);
    const { store, live } = await start();
    await writeFile(directory, 'not a directory');
    await assert.rejects(
      store.update(() => interval(10)),
      /ENOTDIR|EEXIST/,
    );
    assert.deepEqual([store.state.settings, seconds(live)], [{}, [60, 60, null]]);
    await rm(directory);
    await store.update(() => interval(10));
    assert.deepEqual(seconds(live), [10, 10, null]);
  });

  it('puts in force what must be in any case, and says that it is not saved', async (t) => {
    const { directory, start } = await place(t);
    const { store, live, log } = await start();
    await writeFile(directory, 'not a directory');
    await store.update(() => interval(10), 'in any case');
    assert.deepEqual(seconds(live), [10, 10, null]);
    assert.match(log.messages('error').join(), /^cannot save the settings to /);
  });

  it('knows from when on the connection’s settings are what they are', async (t) => {
    const { start } = await place(t);
    const { store, live } = await start();
    await store.update((state) => ({ ...state, settings: interval(10).settings }));
    assert.ok(store.connectionSince < live.generation);
    await store.update(() => trying(0));
    assert.equal(store.connectionSince, live.generation);
    await store.update((state) => ({ ...state, settings: interval(5).settings }));
    assert.ok(store.connectionSince < live.generation);
  });
});

describe('SettingsStore and a damaged file', () => {
  for (const [what, content] of [
    ['nothing', ''],
    ['half of it', '{"format":2,"settings":{"telemetry.inter'],
    ['zeros', '\0'.repeat(100)],
    ['another version', '{"format":3,"settings":{},"connection":{"name":"settled","confirmed":{}}}'],
    ['no connection', '{"format":2,"settings":{}}'],
    [
      'a trial without what is tried',
      '{"format":2,"settings":{},"connection":{"name":"trying","confirmed":{}}}',
    ],
    [
      'values without versions',
      '{"format":2,"settings":{"a.b":{"value":1}},"connection":{"name":"settled","confirmed":{}}}',
    ],
  ] as const) {
    it(`takes the copy before it, having found ${what}`, async (t) => {
      const { path, start } = await place(t);
      const { store } = await start();
      await store.update(() => interval(10));
      await store.update(() => interval(20));
      await writeFile(path, content);
      const { live, log } = await start();
      assert.deepEqual(seconds(live), [10, 10, null]);
      assert.equal(await readFile(`${path}.damaged`, 'utf8'), content);
      assert.match(log.messages('warn').join(), /were damaged and are now .*: those before them hold$/);
    });
  }

  it('goes by the configuration where there is no copy', async (t) => {
    const { path, start } = await place(t);
    const { store } = await start();
    await store.update(() => interval(10));
    await writeFile(path, '{');
    const { live, log } = await start();
    assert.deepEqual(seconds(live), [60, 60, null]);
    assert.match(log.messages('warn').join(), /: the configuration holds$/);
  });

  it('leaves out what this configuration has no room for, and says so', async (t) => {
    const { start } = await place(t);
    const { store } = await start();
    const confirmed = { 'connection.endpoint': { value: 'dps.example', version: 1 } };
    const unknown = { 'telemetry.color': { value: 'red', version: 1 } };
    await store.update(() => ({
      settings: { ...interval(10).settings, ...unknown, 'log.level': { value: 'loud', version: 1 } },
      connection: { name: 'settled', confirmed },
    }));
    const { store: again, log } = await start(manual);
    assert.deepEqual(again.state, interval(10));
    assert.deepEqual(log.messages('warn'), [
      'a saved setting is left out: telemetry.color is unknown to this version',
      'a saved setting is left out: level must be one of debug, info, warn, error, not "loud"',
      'a saved setting is left out: endpoint: this device has its hub from its configuration, and asks no DPS',
    ]);
  });

  it('reads what the first version wrote', async (t) => {
    const { path, directory, start } = await place(t);
    const { store } = await start();
    await store.update(() => interval(10));
    assert.ok(path.startsWith(directory));
    await writeFile(path, '{"format":1,"settings":{"intervalSeconds":7}}');
    assert.deepEqual(seconds((await start()).live), [7, 7, null]);
    await writeFile(path, '{"format":1,"settings":{}}');
    assert.deepEqual(seconds((await start()).live), [60, 60, null]);
  });
});

describe('SettingsStore and a trial that was going on', () => {
  it('goes on with it, and counts that', async (t) => {
    const { path, start } = await place(t);
    const { store } = await start();
    await store.update(() => trying(0));
    const { store: again, live } = await start();
    assert.deepEqual(again.state, trying(1));
    assert.equal(live.current.connection.keepAliveMs, 300_000);
    assert.deepEqual(readSettingsFile(await readFile(path, 'utf8')), trying(1));
  });

  it('goes back to what worked when that has happened before', async (t) => {
    const { start } = await place(t);
    const { store } = await start();
    await store.update(() => trying(1));
    const { store: again, live } = await start();
    assert.equal(again.state.connection.name, 'reverted');
    assert.equal(live.current.connection.keepAliveMs, 30_000);
  });
});
