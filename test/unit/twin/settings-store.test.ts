import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { SettingsStore } from '../../../src/twin/settings-store.ts';
import { settle } from '../../fakes/fake-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';
import { tracesAt } from '../../fakes/traces.ts';

const configuredMs = 60_000;

describe('SettingsStore', () => {
  let log: RecordingLog;

  beforeEach(() => {
    log = new RecordingLog();
  });

  async function prepare(
    test: TestContext,
  ): Promise<{ directory: string; path: string; store: SettingsStore }> {
    const directory = await temporaryDirectory(test);
    const path = join(directory, 'settings.json');
    return { directory, path, store: new SettingsStore(path, log) };
  }

  /** As after a restart. */
  async function reload(path: string): Promise<SettingsStore> {
    const store = new SettingsStore(path, log);
    await store.load();
    return store;
  }

  /** A place where nothing can be saved. */
  async function prepareUnwritable(test: TestContext): Promise<SettingsStore> {
    const { directory } = await prepare(test);
    await writeFile(join(directory, 'state'), 'not a directory');
    return new SettingsStore(join(directory, 'state', 'settings.json'), log);
  }

  it('begins with what the configuration says, without a word', async (t) => {
    const { store } = await prepare(t);
    await store.load();
    assert.deepEqual([store.current, store.intervalMs(configuredMs), log.lines], [{}, configuredMs, []]);
  });

  it('overrules the configuration with what the operator asked for', async (t) => {
    const { store } = await prepare(t);
    await store.replace({ intervalSeconds: 10 });
    assert.equal(store.intervalMs(configuredMs), 10_000);
  });

  it('keeps what the operator asked for over a restart', async (t) => {
    const { path, store } = await prepare(t);
    await store.replace({ intervalSeconds: 10 });
    assert.deepEqual((await reload(path)).current, { intervalSeconds: 10 });
    assert.deepEqual(log.lines, []);
  });

  it('keeps that the operator has taken it back, too', async (t) => {
    const { path, store } = await prepare(t);
    await store.replace({ intervalSeconds: 10 });
    await store.replace({});
    assert.equal((await reload(path)).intervalMs(configuredMs), configuredMs);
  });

  it('is for the owner only', async (t) => {
    const { path, store } = await prepare(t);
    await store.replace({ intervalSeconds: 10 });
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  describe('a change', () => {
    it('is on disk before it is in force', async (t) => {
      const { path, store } = await prepare(t);
      const changed = store.changed(new AbortController().signal).then(() => readFileSync(path, 'utf8'));
      const replacing = store.replace({ intervalSeconds: 10 });
      assert.deepEqual(store.current, {});
      await replacing;
      assert.match(await changed, /"intervalSeconds": 10/);
    });

    it('wakes all who wait, each once', async (t) => {
      const { store } = await prepare(t);
      const woken: string[] = [];
      for (const name of ['one', 'two']) {
        void store.changed(new AbortController().signal).then(() => {
          woken.push(name);
        });
      }
      await store.replace({ intervalSeconds: 10 });
      await store.replace({ intervalSeconds: 20 });
      await settle();
      assert.deepEqual(woken, ['one', 'two']);
    });

    it('that changes nothing is not written and wakes nobody', async (t) => {
      const { directory, store } = await prepare(t);
      const stop = new AbortController();
      const waiting = assert.rejects(store.changed(stop.signal), { message: 'stopping' });
      await store.replace({});
      assert.deepEqual(await readdir(directory), []);
      stop.abort(new Error('stopping'));
      await waiting;
    });

    it('that cannot be saved is not in force, and wakes nobody', async (t) => {
      const store = await prepareUnwritable(t);
      const stop = new AbortController();
      const waiting = assert.rejects(store.changed(stop.signal), { message: 'stopping' });
      await assert.rejects(store.replace({ intervalSeconds: 10 }), { code: /ENOTDIR|EEXIST/ });
      assert.deepEqual(store.current, {});
      stop.abort(new Error('stopping'));
      await waiting;
    });
  });

  describe('waiting for a change', () => {
    it('ends with the reason when it is aborted, before or meanwhile', async (t) => {
      const { store } = await prepare(t);
      const stop = new AbortController();
      const waiting = store.changed(stop.signal);
      stop.abort(new Error('stopping'));
      await assert.rejects(waiting, { message: 'stopping' });
      await assert.rejects(store.changed(stop.signal), { message: 'stopping' });
    });

    it('leaves nothing at its signal', async (t) => {
      const { store } = await prepare(t);
      const { signal } = new AbortController();
      const waiting = store.changed(signal);
      await store.replace({ intervalSeconds: 10 });
      await waiting;
      assert.equal(tracesAt(signal), 0);
    });
  });

  describe('a file that it finds', () => {
    const file = (settings: unknown, format: unknown = 1): string => JSON.stringify({ format, settings });

    for (const [what, text] of Object.entries({
      'an empty file, as a power cut may leave': '',
      'half a file': file({ intervalSeconds: 10 }).slice(0, 20),
      'a list': '[]',
      'another format': file({ intervalSeconds: 10 }, 2),
      'no settings': file(undefined),
      'a value out of range': file({ intervalSeconds: 0 }),
      'a value that is text': file({ intervalSeconds: '10' }),
      'null for a value': file({ intervalSeconds: null }),
    })) {
      it(`is set aside if it is damaged: ${what}`, async (t) => {
        const { directory, path } = await prepare(t);
        await writeFile(path, text);
        const store = await reload(path);
        assert.deepEqual(store.current, {});
        assert.deepEqual(await readdir(directory), ['settings.json.damaged']);
        assert.equal(await readFile(`${path}.damaged`, 'utf8'), text);
        assert.match(String(log.messages('warn')), /were damaged and are now \S*settings\.json\.damaged/);
      });
    }

    it('may say more than this version knows', async (t) => {
      const { path } = await prepare(t);
      await writeFile(path, file({ intervalSeconds: 10, color: 'red' }));
      assert.deepEqual((await reload(path)).current, { intervalSeconds: 10 });
    });

    it('may be unreadable: that is said, and the configuration holds', async (t) => {
      const { path } = await prepare(t);
      await mkdir(path);
      assert.deepEqual((await reload(path)).current, {});
      const [line] = log.lines;
      assert.equal(line?.level, 'warn');
      assert.match(line.message, /cannot read the settings from \S*settings\.json/);
      assert.match(String(line.fields['error']), /EISDIR/);
    });

    it('may be damaged and impossible to set aside: that is said, and the configuration holds', async (t) => {
      const { path } = await prepare(t);
      await writeFile(path, 'damaged');
      await mkdir(join(`${path}.damaged`, 'in the way'), { recursive: true });
      assert.deepEqual((await reload(path)).current, {});
      assert.equal(log.messages('warn').length, 1);
    });
  });
});
