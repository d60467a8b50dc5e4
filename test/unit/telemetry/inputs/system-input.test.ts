import assert from 'node:assert/strict';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { JsonObject } from '../../../../src/lib/json.ts';
import type { SystemFigure } from '../../../../src/config/inputs/system-input.ts';
import { SystemInput } from '../../../../src/telemetry/inputs/system-input.ts';
import { writeTree } from '../../../fakes/file-tree.ts';
import type { FileTree } from '../../../fakes/file-tree.ts';
import { temporaryDirectory } from '../../../fakes/temporary-directory.ts';
import { askOnce, valuesOf } from './handed-over.ts';

/** A Raspberry Pi 4: one thermal zone, Ethernet and Wi-Fi. */
const pi: FileTree = {
  'proc/stat': 'cpu  1000 0 500 8000 500 0 0 0 0 0\ncpu0 250 0 125 2000 125 0 0 0 0 0\nintr 1 2 3\n',
  'proc/loadavg': '0.52 0.58 0.59 2/345 6789\n',
  'proc/meminfo': 'MemTotal:        3884300 kB\nMemFree:          112000 kB\nMemAvailable:    3000000 kB\n',
  'proc/uptime': '12345.67 40000.00\n',
  'proc/net/dev':
    'Inter-|   Receive                                                |  Transmit\n' +
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n' +
    '    lo:   99999     100    0    0    0     0          0         0    99999     100    0    0    0     0       0          0\n' +
    '  eth0: 1000000    2000    0    0    0     0          0         0   300000    1500    0    0    0     0       0          0\n' +
    ' wlan0:     500      10    0    0    0     0          0         0      700      10    0    0    0     0       0          0\n',
  'sys/class/thermal/thermal_zone0/temp': '48312\n',
  'sys/class/thermal/cooling_device0/cur_state': '0\n',
};

/** A PC: several thermal zones, steal and guest time, an interface written without a blank, as old kernels do. */
const pc: FileTree = {
  ...pi,
  'proc/stat': 'cpu  400 100 300 1000 200 10 20 70 50 50\n',
  'proc/net/dev':
    'Inter-|   Receive | Transmit\n face |bytes | bytes\neth0:4096 1 0 0 0 0 0 0 2048 1 0 0 0 0 0 0\n',
  'sys/class/thermal/thermal_zone0/temp': '27800\n',
  'sys/class/thermal/thermal_zone1/temp': '61050\n',
  'sys/class/thermal/thermal_zone2/temp': '-5000\n',
};

const names = (figures: JsonObject): string[] => Object.keys(figures).sort();

const everyFigure: readonly SystemFigure[] = [
  'cpu',
  'load',
  'memory',
  'disk',
  'temperature',
  'uptime',
  'network',
  'throttling',
  'disk_wear',
];

function settings(figures = everyFigure): ConstructorParameters<typeof SystemInput>[0] {
  return { name: 'system', intervalMs: 60_000, figures };
}

async function machine(
  test: TestContext,
  tree: FileTree,
  figures = everyFigure,
): Promise<{ root: string; input: SystemInput }> {
  const root = await temporaryDirectory(test);
  await writeTree(root, tree);
  return { root, input: new SystemInput(settings(figures), root) };
}

describe('SystemInput', () => {
  it('reads every figure of a Raspberry Pi', async (t) => {
    const { input } = await machine(t, pi);
    const { diskTotalBytes, diskAvailableBytes, ...figures } = await valuesOf(input);
    assert.deepEqual(figures, {
      cpuPercent: 15,
      load1: 0.52,
      load5: 0.58,
      load15: 0.59,
      memoryTotalBytes: 3_884_300 * 1024,
      memoryAvailableBytes: 3_000_000 * 1024,
      temperatureC: 48.3,
      uptimeSeconds: 12345.67,
      networkReceivedBytes: 1_000_500,
      networkSentBytes: 300_700,
    });
    assert.ok(Number(diskTotalBytes) > 0 && Number(diskAvailableBytes) <= Number(diskTotalBytes));
  });

  it('takes the hottest zone of a PC, and the time that its guests and its host took, but once', async (t) => {
    const { input } = await machine(t, pc);
    const { cpuPercent, temperatureC, networkReceivedBytes, networkSentBytes } = await valuesOf(input);
    // busy 400 + 100 + 300 + 10 + 20 + 70 of 2100; guest time is part of user time.
    assert.equal(cpuPercent, 42.9);
    assert.equal(temperatureC, 61.1);
    assert.deepEqual([networkReceivedBytes, networkSentBytes], [4096, 2048]);
  });

  it('measures the disk that its root is on, in bytes', async (t) => {
    const { input, root } = await machine(t, pi);
    const { blocks, bsize } = await statfs(root);
    assert.equal((await valuesOf(input))['diskTotalBytes'], blocks * bsize);
  });

  it('keeps name and interval of the configuration', () => {
    const { name, intervalMs } = new SystemInput({ ...settings(), name: 'host', intervalMs: 5000 });
    assert.deepEqual([name, intervalMs], ['host', 5000]);
  });

  describe('processor time', () => {
    const stat = (busy: number, idle: number, iowait = 0): string =>
      `cpu  ${busy} 0 0 ${idle} ${iowait} 0 0 0 0 0\n`;

    async function second(test: TestContext, before: string, after: string): Promise<unknown> {
      const { root, input } = await machine(test, { 'proc/stat': before });
      await valuesOf(input);
      await writeFile(join(root, 'proc/stat'), after);
      return (await valuesOf(input))['cpuPercent'];
    }

    it('is the share since the last reading', async (t) => {
      assert.equal(await second(t, stat(1000, 9000), stat(1030, 9070)), 30);
    });

    it('is 100 when there was no idle moment, and 0 when there was no other', async (t) => {
      assert.equal(await second(t, stat(1000, 9000), stat(1050, 9000)), 100);
      assert.equal(await second(t, stat(1000, 9000), stat(1000, 9050)), 0);
    });

    it('is left out when no time has passed by the kernel’s count', async (t) => {
      assert.equal(await second(t, stat(1000, 9000), stat(1000, 9000)), undefined);
    });

    it('never exceeds 100 where the kernel takes waiting for disks back, as it may', async (t) => {
      assert.equal(await second(t, stat(1000, 9000, 500), stat(1100, 9000, 490)), 100);
    });

    it('is never below 0 where the kernel’s counts go back', async (t) => {
      assert.equal(await second(t, stat(1000, 9000), stat(990, 9100)), 0);
    });
  });

  describe('a machine that lacks something', () => {
    for (const [path, missing] of [
      ['proc/stat', ['cpuPercent']],
      ['proc/loadavg', ['load1', 'load15', 'load5']],
      ['proc/meminfo', ['memoryAvailableBytes', 'memoryTotalBytes']],
      ['proc/uptime', ['uptimeSeconds']],
      ['proc/net/dev', ['networkReceivedBytes', 'networkSentBytes']],
      ['sys/class/thermal', ['temperatureC']],
    ] as const) {
      it(`leaves out what ${path} would tell, and nothing else`, async (t) => {
        const { root, input } = await machine(t, pi);
        const all = names(await valuesOf(input));
        await rm(join(root, path), { recursive: true });
        // The processor's share needs time to have passed.
        await writeTree(
          root,
          path === 'proc/stat' ? {} : { 'proc/stat': 'cpu  2000 0 500 8000 500 0 0 0\n' },
        );
        const expected = all.filter((name) => !(missing as readonly string[]).includes(name));
        assert.deepEqual(names(await valuesOf(input)), expected);
      });
    }

    it('has a disk at least', async (t) => {
      const { input } = await machine(t, {});
      assert.deepEqual(names(await valuesOf(input)), ['diskAvailableBytes', 'diskTotalBytes']);
    });

    it('leaves out a zone that cannot be read, and takes the next', async (t) => {
      const { root, input } = await machine(t, { 'sys/class/thermal/thermal_zone1/temp': '40000\n' });
      await mkdir(join(root, 'sys/class/thermal/thermal_zone0/temp'), { recursive: true });
      assert.equal((await valuesOf(input))['temperatureC'], 40);
    });

    it('leaves out memory available where an old kernel does not tell it', async (t) => {
      const { input } = await machine(t, { 'proc/meminfo': 'MemTotal: 1000 kB\nMemFree: 10 kB\n' });
      const { memoryTotalBytes, memoryAvailableBytes } = await valuesOf(input);
      assert.deepEqual([memoryTotalBytes, memoryAvailableBytes], [1_024_000, undefined]);
    });

    it('has no network with the loopback alone', async (t) => {
      const lines = String(pi['proc/net/dev']).split('\n').slice(0, 3).join('\n');
      const { input } = await machine(t, { 'proc/net/dev': `${lines}\n` });
      assert.equal('networkReceivedBytes' in (await valuesOf(input)), false);
    });

    it('makes nothing of files that say something else', async (t) => {
      const tree = Object.fromEntries(Object.keys(pi).map((path) => [path, 'nothing\nto\nsee\n']));
      const { input } = await machine(t, tree);
      assert.deepEqual(names(await valuesOf(input)), ['diskAvailableBytes', 'diskTotalBytes']);
    });
  });

  describe('throttling', () => {
    const firmware = 'sys/devices/platform/soc/soc:firmware/get_throttled';
    const hwmon = (name: string, alarm: string): FileTree => ({
      'sys/class/hwmon/hwmon0/name': 'cpu_thermal\n',
      'sys/class/hwmon/hwmon0/in0_lcrit_alarm': '1\n',
      'sys/class/hwmon/hwmon2/name': `${name}\n`,
      'sys/class/hwmon/hwmon2/in0_lcrit_alarm': `${alarm}\n`,
    });
    const fine = {
      undervoltage: false,
      frequencyCapped: false,
      throttled: false,
      temperatureLimited: false,
    };
    const figures = ['throttling'] as const;

    async function told(test: TestContext, tree: FileTree): Promise<JsonObject> {
      return valuesOf((await machine(test, tree, figures)).input);
    }

    it('is all well with a zero', async (t) => {
      assert.deepEqual(await told(t, { [firmware]: '0\n' }), fine);
    });

    for (const [bits, name] of [
      ['1', 'undervoltage'],
      ['2', 'frequencyCapped'],
      ['4', 'throttled'],
      ['8', 'temperatureLimited'],
    ] as const) {
      it(`reads ${bits} as ${name}, and nothing else`, async (t) => {
        assert.deepEqual(await told(t, { [firmware]: `${bits}\n` }), { ...fine, [name]: true });
      });
    }

    it('is not what was once since boot, where nobody clears that', async (t) => {
      assert.deepEqual(await told(t, { [firmware]: 'f0000\n' }), fine);
    });

    it('is what was in the last two seconds, where the voltage driver clears it that often', async (t) => {
      const tree = { ...hwmon('rpi_volt', '0'), [firmware]: '40000\n' };
      assert.deepEqual(await told(t, tree), { ...fine, throttled: true });
    });

    it('takes the voltage from the driver of that name, whatever others of its kind say', async (t) => {
      assert.deepEqual(await told(t, hwmon('rpi_volt', '1')), { undervoltage: true });
      assert.deepEqual(await told(t, hwmon('rpi_volt', '0')), { undervoltage: false });
    });

    it('finds the firmware of a Raspberry Pi 5 under its address', async (t) => {
      const path = 'sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled';
      assert.deepEqual(await told(t, { [path]: 'a\n' }), {
        ...fine,
        frequencyCapped: true,
        temperatureLimited: true,
      });
    });

    it('is not there on another machine', async (t) => {
      const { input } = await machine(t, hwmon('nct6775', '1'), figures);
      assert.match(String((await askOnce(input)).error), /cannot measure throttling: this machine does not/);
    });
  });

  describe('disk wear', () => {
    const figures = ['disk_wear'] as const;
    const stat = (sectors: number): string =>
      `  1200   30  90000  800   500   20  ${sectors}  700  0  900  1500  0 0 0 0\n`;
    const disk = (name: string, sectors: number, files: Record<string, string> = {}): FileTree => ({
      [`sys/block/${name}/stat`]: stat(sectors),
      ...Object.fromEntries(
        Object.entries({ model: 'x\n', ...files }).map(([file, text]) => [
          `sys/block/${name}/device/${file}`,
          text,
        ]),
      ),
    });

    async function told(test: TestContext, tree: FileTree): Promise<JsonObject> {
      return valuesOf((await machine(test, tree, figures)).input);
    }

    it('counts what was written to an SD card, which says no more', async (t) => {
      assert.deepEqual(await told(t, disk('mmcblk0', 2000)), { diskWrittenBytes: 1_024_000 });
    });

    it('tells what an eMMC says of itself: the worse of its two kinds of cells', async (t) => {
      const tree = disk('mmcblk0', 2, { life_time: '0x01 0x03\n', pre_eol_info: '0x01\n' });
      assert.deepEqual(await told(t, tree), {
        diskWrittenBytes: 1024,
        diskWearPercent: 30,
        diskReserve: 'normal',
      });
    });

    it('says when its life is over', async (t) => {
      const tree = disk('mmcblk0', 0, { life_time: '0x0b 0x01\n', pre_eol_info: '0x03\n' });
      const { diskWearPercent, diskReserve } = await told(t, tree);
      assert.deepEqual([diskWearPercent, diskReserve], [110, 'urgent']);
    });

    it('reads the end of life without a prefix, as older kernels have it', async (t) => {
      assert.equal((await told(t, disk('mmcblk0', 0, { pre_eol_info: '02\n' })))['diskReserve'], 'warning');
    });

    it('leaves out what the eMMC does not define', async (t) => {
      const tree = disk('mmcblk0', 0, { life_time: '0x00 0x00\n', pre_eol_info: '0x00\n' });
      assert.deepEqual(await told(t, tree), { diskWrittenBytes: 0 });
    });

    it('adds up physical disks only, each once, and takes the worst', async (t) => {
      const tree = {
        ...disk('mmcblk0', 10, { life_time: '0x02 0x02' }),
        ...disk('mmcblk1', 20, { life_time: '0x05 0x01' }),
        ...disk('nvme0n1', 30),
        ...disk('nvme0c0n1', 30),
        'sys/block/zram0/stat': stat(1_000_000),
        'sys/block/loop0/stat': stat(1_000_000),
      };
      assert.deepEqual(await told(t, tree), { diskWrittenBytes: 60 * 512, diskWearPercent: 50 });
    });
  });

  it('reads the figures that are wanted, and no others', async (t) => {
    const { input } = await machine(t, pi, ['uptime', 'load']);
    assert.deepEqual(names(await valuesOf(input)), ['load1', 'load15', 'load5', 'uptimeSeconds']);
  });

  it('says that it could not measure the disk', async (t) => {
    const { input, root } = await machine(t, pi);
    await rm(root, { recursive: true });
    assert.match(String((await askOnce(input)).error), /cannot measure the file system that .* is on/);
  });

  it('hands nothing over once it has been stopped', async (t) => {
    const { input } = await machine(t, pi);
    const stop = new AbortController();
    stop.abort(new Error('over'));
    const handOver = (): Promise<void> => assert.fail('handed over');
    await assert.rejects(input.read(handOver, stop.signal), /over/);
  });

  it('reads this very machine', async () => {
    const figures = await valuesOf(new SystemInput(settings()));
    for (const [name, value] of Object.entries(figures))
      assert.ok(typeof value === 'number' ? Number.isFinite(value) : value !== null, name);
    for (const name of ['memoryTotalBytes', 'uptimeSeconds', 'load1'])
      assert.ok(Number(figures[name]) >= 0, name);
  });
});
