import assert from 'node:assert/strict';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { JsonObject } from '../../../src/lib/json.ts';
import { SystemInput } from '../../../src/telemetry/inputs/system-input.ts';
import { writeTree } from '../../fakes/file-tree.ts';
import type { FileTree } from '../../fakes/file-tree.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

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

async function machine(test: TestContext, tree: FileTree): Promise<{ root: string; input: SystemInput }> {
  const root = await temporaryDirectory(test);
  await writeTree(root, tree);
  return { root, input: new SystemInput('system', 60_000, root) };
}

describe('SystemInput', () => {
  it('reads every figure of a Raspberry Pi', async (t) => {
    const { input } = await machine(t, pi);
    const { diskTotalBytes, diskAvailableBytes, ...figures } = await input.read();
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
    const { cpuPercent, temperatureC, networkReceivedBytes, networkSentBytes } = await input.read();
    // busy 400 + 100 + 300 + 10 + 20 + 70 of 2100; guest time is part of user time.
    assert.equal(cpuPercent, 42.9);
    assert.equal(temperatureC, 61.1);
    assert.deepEqual([networkReceivedBytes, networkSentBytes], [4096, 2048]);
  });

  it('measures the disk that its root is on, in bytes', async (t) => {
    const { input, root } = await machine(t, pi);
    const { blocks, bsize } = await statfs(root);
    assert.equal((await input.read())['diskTotalBytes'], blocks * bsize);
  });

  it('keeps name and interval of the configuration', () => {
    const { name, intervalMs } = new SystemInput('host', 5000);
    assert.deepEqual([name, intervalMs], ['host', 5000]);
  });

  describe('processor time', () => {
    const stat = (busy: number, idle: number, iowait = 0): string =>
      `cpu  ${busy} 0 0 ${idle} ${iowait} 0 0 0 0 0\n`;

    async function second(test: TestContext, before: string, after: string): Promise<unknown> {
      const { root, input } = await machine(test, { 'proc/stat': before });
      await input.read();
      await writeFile(join(root, 'proc/stat'), after);
      return (await input.read())['cpuPercent'];
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
        const all = names(await input.read());
        await rm(join(root, path), { recursive: true });
        // The processor's share needs time to have passed.
        await writeTree(
          root,
          path === 'proc/stat' ? {} : { 'proc/stat': 'cpu  2000 0 500 8000 500 0 0 0\n' },
        );
        const expected = all.filter((name) => !(missing as readonly string[]).includes(name));
        assert.deepEqual(names(await input.read()), expected);
      });
    }

    it('has a disk at least', async (t) => {
      const { input } = await machine(t, {});
      assert.deepEqual(names(await input.read()), ['diskAvailableBytes', 'diskTotalBytes']);
    });

    it('leaves out a zone that cannot be read, and takes the next', async (t) => {
      const { root, input } = await machine(t, { 'sys/class/thermal/thermal_zone1/temp': '40000\n' });
      await mkdir(join(root, 'sys/class/thermal/thermal_zone0/temp'), { recursive: true });
      assert.equal((await input.read())['temperatureC'], 40);
    });

    it('leaves out memory available where an old kernel does not tell it', async (t) => {
      const { input } = await machine(t, { 'proc/meminfo': 'MemTotal: 1000 kB\nMemFree: 10 kB\n' });
      const { memoryTotalBytes, memoryAvailableBytes } = await input.read();
      assert.deepEqual([memoryTotalBytes, memoryAvailableBytes], [1_024_000, undefined]);
    });

    it('has no network with the loopback alone', async (t) => {
      const lines = String(pi['proc/net/dev']).split('\n').slice(0, 3).join('\n');
      const { input } = await machine(t, { 'proc/net/dev': `${lines}\n` });
      assert.equal('networkReceivedBytes' in (await input.read()), false);
    });

    it('makes nothing of files that say something else', async (t) => {
      const tree = Object.fromEntries(Object.keys(pi).map((path) => [path, 'nothing\nto\nsee\n']));
      const { input } = await machine(t, tree);
      assert.deepEqual(names(await input.read()), ['diskAvailableBytes', 'diskTotalBytes']);
    });
  });

  it('reads this very machine', async () => {
    const figures = await new SystemInput('system', 60_000).read();
    for (const [name, value] of Object.entries(figures)) assert.ok(Number.isFinite(value), name);
    for (const name of ['memoryTotalBytes', 'uptimeSeconds', 'load1'])
      assert.ok(Number(figures[name]) >= 0, name);
  });
});
