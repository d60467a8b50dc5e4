import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { describeError } from '../../../../src/lib/errors.ts';
import type { JsonObject } from '../../../../src/lib/json.ts';
import { FileInput } from '../../../../src/telemetry/inputs/file-input.ts';
import type { FileInputSettings } from '../../../../src/telemetry/inputs/file-input.ts';
import { writeTree } from '../../../fakes/file-tree.ts';
import type { FileTree } from '../../../fakes/file-tree.ts';
import { temporaryDirectory } from '../../../fakes/temporary-directory.ts';
import { askOnce } from './handed-over.ts';

const preset: FileInputSettings = {
  name: 'file',
  intervalMs: 60_000,
  path: '/',
  value: '{file}',
  format: 'text',
  scale: 1,
  offset: 0,
};

interface Answer {
  readonly values: JsonObject;
  readonly error: string;
}

/** Asks an input whose path is below a temporary directory that holds the tree. */
async function ask(test: TestContext, tree: FileTree, settings: Partial<FileInputSettings>): Promise<Answer> {
  const root = await temporaryDirectory(test);
  await writeTree(root, tree);
  return askIn(root, settings);
}

async function askIn(root: string, settings: Partial<FileInputSettings>): Promise<Answer> {
  const path = join(root, settings.path ?? '');
  const { values, error } = await askOnce(new FileInput({ ...preset, ...settings, path }));
  return {
    values: Object.assign({}, ...values) as JsonObject,
    error: error === undefined ? '' : describeError(error).replaceAll(root, ''),
  };
}

const w1 = (bytes: string, verdict: string, milliDegrees: string): string =>
  `${bytes} : crc=57 ${verdict}\n${bytes} t=${milliDegrees}\n`;
const warm = w1('57 01 4b 46 7f ff 0e 10 57', 'YES', '21437');

describe('FileInput', () => {
  it('keeps name and interval of the configuration', () => {
    const { name, intervalMs } = new FileInput({ ...preset, name: 'cellar', intervalMs: 5000 });
    assert.deepEqual([name, intervalMs], ['cellar', 5000]);
  });

  it('reads one file, and calls the value as the file', async (t) => {
    const { values, error } = await ask(t, { temp: '48312\n' }, { path: 'temp', scale: 0.001 });
    assert.deepEqual([values, error], [{ temp: 48.312 }, '']);
  });

  describe('the number', () => {
    for (const [text, number] of [
      ['21.5', 21.5],
      ['-3\n', -3],
      ['+.25 V', 0.25],
      ['1.5e3', 1500],
      ["temp=-12.75'C, 99", -12.75],
      ['fan: 1200rpm', 1200],
    ] as const) {
      it(`is ${number} in ${JSON.stringify(text)}`, async (t) => {
        assert.deepEqual((await ask(t, { f: text }, { path: 'f' })).values, { f: number });
      });
    }

    for (const text of ['', '\n', 'off', '-.']) {
      it(`is not in ${JSON.stringify(text)}`, async (t) => {
        const { values, error } = await ask(t, { f: text }, { path: 'f' });
        assert.deepEqual([values, error], [{}, 'cannot read /f: there is no number in it']);
      });
    }

    it('is where the pattern says, in its one group', async (t) => {
      const tree = { stat: 'cpu 1 2\nctxt 115315\nbtime 1700000000\n' };
      assert.deepEqual((await ask(t, tree, { path: 'stat', pattern: /^btime (\d+)/m })).values, {
        stat: 1_700_000_000,
      });
    });

    it('is in the group named value, if there are several', async (t) => {
      const pattern = /(volt|amp): (?<value>\S+)/;
      assert.deepEqual((await ask(t, { f: 'amp: 0x1f' }, { path: 'f', pattern })).values, { f: 31 });
    });

    it('says that the pattern finds nothing, or something else, and shows little of the file', async (t) => {
      const tree = { f: `key ${'s'.repeat(100)}` };
      const none = await ask(t, tree, { path: 'f', pattern: /temp=(\d+)/ });
      assert.equal(none.error, 'cannot read /f: the pattern /temp=(\\d+)/ finds nothing in it');
      const other = await ask(t, tree, { path: 'f', pattern: /key (s+)/ });
      assert.equal(
        other.error,
        'cannot read /f: the pattern’s group holds "ssssssssssssssssssss…", which is no number',
      );
      const nothing = await ask(t, tree, { path: 'f', pattern: /key(\d*)/ });
      assert.match(nothing.error, /the pattern’s group holds "", which is no number$/);
    });

    it('is scaled and shifted without the dust of binary fractions', async (t) => {
      const { values } = await ask(t, { f: '21437' }, { path: 'f', scale: 0.001, offset: -0.1 });
      assert.deepEqual(values, { f: 21.337 });
    });

    it('keeps every digit of a counter that has run for long', async (t) => {
      for (const count of [1_234_567_890_123, Number.MAX_SAFE_INTEGER]) {
        const { values } = await ask(t, { rx_bytes: `${count}\n` }, { path: 'rx_bytes' });
        assert.deepEqual(values, { rx_bytes: count });
      }
    });

    it('is an error when it leaves what a number can hold', async (t) => {
      const { error } = await ask(t, { f: '1e300' }, { path: 'f', scale: 1e10 });
      assert.match(error, /1e\+300 times 10000000000 is beyond what a number can hold/);
    });

    it('does not keep the agent waiting for a pattern that never ends', async (t) => {
      const tree = { f: `${'a'.repeat(60)}!`, g: '1' };
      const began = performance.now();
      const { values, error } = await ask(t, tree, { path: '?', pattern: /^(?:(a+)+$|(?<value>\d))/ });
      assert.ok(performance.now() - began < 5_000);
      assert.match(error, /cannot read \/f: the pattern takes longer than 250 ms: repeat nothing/);
      assert.deepEqual(values, { g: 1 });
    });
  });

  describe('the file', () => {
    it('is missing', async (t) => {
      assert.match((await ask(t, {}, { path: 'gone' })).error, /^cannot read \/gone: ENOENT/);
    });

    it('is a directory', async (t) => {
      assert.equal((await ask(t, { 'a/b': '1' }, { path: 'a' })).error, 'cannot read /a: it is not a file');
    });

    it('is a pipe that nobody writes to, and is not waited for', async (t) => {
      const root = await temporaryDirectory(t);
      execFileSync('mkfifo', [join(root, 'pipe')]);
      assert.equal((await askIn(root, { path: 'pipe' })).error, 'cannot read /pipe: it is not a file');
    });

    it('may have 64 KB, and no more', async (t) => {
      const fits = await ask(t, { f: `7${' '.repeat(65_535)}` }, { path: 'f' });
      assert.deepEqual(fits.values, { f: 7 });
      const larger = await ask(t, { f: `7${' '.repeat(65_536)}` }, { path: 'f' });
      assert.match(larger.error, /cannot read \/f: it is larger than 64 KB/);
    });

    it('may be one of the kernel’s own, which say that they are empty', async () => {
      const { values } = await askOnce(new FileInput({ ...preset, path: '/proc/uptime' }));
      assert.ok(Number(values[0]?.['uptime']) > 0);
    });
  });

  describe('wildcards', () => {
    const hwmon: FileTree = {
      'class/hwmon0/temp1_input': '40000',
      'class/hwmon0/temp2_input': '41000',
      'class/hwmon0/temp10_input': '50000',
      'class/hwmon0/name': 'x',
      'class/hwmon1/temp1_input': '42000',
      'class/.hidden/temp1_input': '1',
      'class/uevent': '',
    };

    it('find several files, named by what each took', async (t) => {
      const settings = { path: 'class/hwmon*/temp?_input', value: 'chip{1}_{2}', scale: 0.001 };
      assert.deepEqual((await ask(t, hwmon, settings)).values, {
        chip0_1: 40,
        chip0_2: 41,
        chip1_1: 42,
      });
    });

    it('are counted by the run', async (t) => {
      const settings = { path: 'class/hwmon0/temp?*_*', value: '{1}-{2}' };
      assert.deepEqual(Object.keys((await ask(t, hwmon, settings)).values).sort(), [
        '1-input',
        '10-input',
        '2-input',
      ]);
    });

    it('name by folder and file too', async (t) => {
      const settings = { path: 'class/*/temp1_input', value: '{dir}.{file}' };
      assert.deepEqual((await ask(t, hwmon, settings)).values, {
        'hwmon0.temp1_input': 40_000,
        'hwmon1.temp1_input': 42_000,
      });
    });

    it('take nothing of a name for a regular expression', async (t) => {
      const tree = { 'a.b/1': '1', 'a+b/1': '2', 'axb/1': '3', '$(x)[1]/1': '4' };
      assert.deepEqual((await ask(t, tree, { path: 'a.b/*', value: 'v' })).values, { v: 1 });
      assert.deepEqual((await ask(t, tree, { path: '$(x)[1]*/1', value: 'v' })).values, { v: 4 });
      assert.deepEqual((await ask(t, tree, { path: '*.b/1', value: '{1}' })).values, { a: 1 });
    });

    it('follow the links that /sys is made of', async (t) => {
      const root = await temporaryDirectory(t);
      await writeTree(root, { 'devices/x/temp': '5' });
      await mkdir(join(root, 'class'));
      await symlink('../devices/x', join(root, 'class/thermal_zone0'));
      assert.deepEqual((await askIn(root, { path: 'class/thermal_zone*/temp', value: 'z{1}' })).values, {
        z0: 5,
      });
    });

    it('that fit no file are an error', async (t) => {
      assert.equal(
        (await ask(t, hwmon, { path: 'class/fan*/speed' })).error,
        'cannot read /class/fan*/speed: no file fits',
      );
    });

    it('never let two files share a name', async (t) => {
      const { values, error } = await ask(t, hwmon, { path: 'class/hwmon*/temp1_input', value: 'temp' });
      assert.deepEqual(values, {});
      assert.equal(
        error,
        'cannot tell /class/hwmon0/temp1_input from /class/hwmon1/temp1_input: both would be called temp; ' +
          'put {1}, {dir} or {file} into value',
      );
    });

    it('that fit more than 256 paths are an error', async (t) => {
      const tree = Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`d/${index}`, '1']));
      assert.match((await ask(t, tree, { path: 'd/*' })).error, /more than 256 paths fit, write a narrower/);
    });

    it('hand over what can be read, and say what cannot', async (t) => {
      const tree = { ...hwmon, 'class/hwmon1/temp1_input': 'N/A', 'class/hwmon2/temp1_input': '' };
      const { values, error } = await ask(t, tree, { path: 'class/*/temp1_input', value: '{1}' });
      assert.deepEqual(values, { hwmon0: 40_000 });
      assert.match(
        error,
        /^cannot read all of \/class\/\*\/temp1_input: cannot read \/class\/hwmon1.* number in it; cannot read \/class\/hwmon2/,
      );
    });

    it('say that a folder cannot be looked into', async (t) => {
      const root = await temporaryDirectory(t);
      await symlink('ring', join(root, 'ring'));
      assert.match((await askIn(root, { path: 'ring/*' })).error, /^cannot look for \/ring\/\*: ELOOP/);
    });
  });

  describe('1-Wire', () => {
    const settings = { path: 'devices/28-*/w1_slave', value: '{dir}', format: 'w1' } as const;
    const sensor = (text: string): FileTree => ({ 'devices/28-00000abc/w1_slave': text });

    it('reads degrees of every sensor, named by its ID', async (t) => {
      const cold = w1('5e ff 4b 46 7f ff 02 10 57', 'YES', '-10125');
      const tree = { ...sensor(warm), 'devices/28-00000def/w1_slave': cold, 'devices/w1_bus_master1/x': '' };
      assert.deepEqual((await ask(t, tree, settings)).values, {
        '28-00000abc': 21.437,
        '28-00000def': -10.125,
      });
    });

    it('takes a correction', async (t) => {
      const { values } = await ask(t, sensor(warm), { ...settings, offset: -0.4 });
      assert.deepEqual(values, { '28-00000abc': 21.037 });
    });

    for (const [what, text, reason] of [
      ['a checksum that does not fit', w1('57 01 4b 46 7f ff 0e 10 00', 'NO', '21437'), /: CRC failed: /],
      [
        'the power-on value',
        w1('50 05 4b 46 7f ff 0c 10 1c', 'YES', '85000'),
        /: 85 °C is what the sensor holds/,
      ],
      [
        'a wire to ground',
        w1('00 00 00 00 00 00 00 00 00', 'YES', '0'),
        /: the sensor answers with zeros only/,
      ],
      ['another file', '21437\n', /: it is not the w1_slave of a thermometer/],
      [
        'half a file',
        '57 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n',
        /: it is not the w1_slave of a thermometer/,
      ],
      ['nothing at all', '', /: it is not the w1_slave of a thermometer/],
    ] as const) {
      it(`refuses ${what}`, async (t) => {
        const { values, error } = await ask(t, sensor(text), settings);
        assert.deepEqual(values, {});
        assert.match(error, reason);
        assert.match(error, /^cannot read \/devices\/28-00000abc\/w1_slave: /);
      });
    }

    it('takes 0 °C', async (t) => {
      const zero = w1('00 00 4b 46 7f ff 10 10 c1', 'YES', '0');
      assert.deepEqual((await ask(t, sensor(zero), settings)).values, { '28-00000abc': 0 });
    });
  });

  it('stops between two files when it is told to', async (t) => {
    const root = await temporaryDirectory(t);
    await writeTree(root, { a: '1', b: '2' });
    const stop = new AbortController();
    stop.abort(new Error('over'));
    const input = new FileInput({ ...preset, path: join(root, '*') });
    await assert.rejects(
      input.read(() => assert.fail('handed over'), stop.signal),
      /over/,
    );
  });
});
