import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { formatDuration } from '../../../../src/config/duration.ts';
import { LiveConfig } from '../../../../src/live-config.ts';
import { twinSettings } from '../../../../src/twin-settings.ts';
import { SettingsStore } from '../../../../src/twin/settings/settings-store.ts';
import { SettingsTrial } from '../../../../src/twin/settings/settings-trial.ts';
import { transition } from '../../../../src/twin/settings/trial.ts';
import type { TrialEvent } from '../../../../src/twin/settings/trial.ts';
import { FakeClock } from '../../../fakes/fake-clock.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../../fakes/temporary-directory.ts';
import { config } from './configured.ts';

const minutes = 60_000;

/** A trial that is kept an eye on until the test is over. */
async function start(test: TestContext) {
  const [clock, live, log, stop] = [
    new FakeClock(),
    new LiveConfig(config),
    new RecordingLog(),
    new AbortController(),
  ];
  const path = join(await temporaryDirectory(test), 'settings.json');
  const store = new SettingsStore({ path, table: twinSettings, config, live, log });
  const reconnects: string[] = [];
  const trial = new SettingsTrial({
    store,
    confirmMs: () => live.current.settings.confirmMs,
    onReconnect: (why) => reconnects.push(why),
    formatDuration,
    clock,
    log,
  });
  const running = trial.run(stop.signal);
  test.after(async () => {
    stop.abort();
    await running;
  });
  const happens = (event: TrialEvent): Promise<void> =>
    store.update((state) => ({ ...state, connection: transition(state.connection, event) }));
  const ask = (transport: string): Promise<void> =>
    happens({ name: 'asked', wanted: { 'connection.transport': { value: transport, version: 2 } } });
  /** The files of a store know no fake clock. */
  const until = (name: string): Promise<void> =>
    store.changed.until(() => store.state.connection.name === name, AbortSignal.timeout(5000));
  return { clock, live, log, store, stop, running, reconnects, happens, ask, until };
}

describe('SettingsTrial', () => {
  it('goes back to what worked when the time is over, and asks for a connection with that', async (t) => {
    const { clock, live, log, store, reconnects, ask, until } = await start(t);
    await ask('mqtt_ws');
    await clock.advance(5 * minutes - 1);
    assert.equal(live.current.connection.transport, 'mqtt_ws');
    await clock.advance(1);
    await until('reverted');
    assert.equal(live.current.connection.transport, 'auto');
    assert.ok(store.state.connection.name === 'reverted');
    assert.equal(store.state.connection.why, 'not connected within 5m');
    await clock.advance(0);
    assert.equal(reconnects.length, 1);
    assert.match(log.messages('warn').join(), /^not connected within 5m .*: back to those that worked$/);
  });

  it('leaves alone what has proved itself', async (t) => {
    const { clock, live, reconnects, happens, ask } = await start(t);
    await ask('mqtt_ws');
    await clock.advance(4 * minutes);
    await happens({ name: 'connected' });
    await clock.advance(10 * minutes);
    assert.equal(live.current.connection.transport, 'mqtt_ws');
    assert.deepEqual([reconnects, clock.sleeping], [[], []]);
  });

  it('gives another trial its own time', async (t) => {
    const { clock, live, ask, until } = await start(t);
    await ask('mqtt_ws');
    await clock.advance(4 * minutes);
    await ask('mqtt');
    await clock.advance(4 * minutes);
    assert.equal(live.current.connection.transport, 'mqtt');
    await clock.advance(1 * minutes);
    await until('reverted');
  });

  it('stops at once, in the middle of a trial, and leaves no timer', async (t) => {
    const { clock, store, ask, stop, running } = await start(t);
    await ask('mqtt_ws');
    await clock.untilSomebodySleeps();
    stop.abort();
    await running;
    assert.deepEqual([clock.sleeping, store.state.connection.name], [[], 'trying']);
  });
});
