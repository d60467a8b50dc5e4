import assert from 'node:assert/strict';
import { statfs } from 'node:fs/promises';
import { arch, totalmem } from 'node:os';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { readDeviceInformation } from '../../../src/twin/device-information.ts';
import type { DeviceInformation } from '../../../src/twin/device-information.ts';
import { writeTree } from '../../fakes/file-tree.ts';
import type { FileTree } from '../../fakes/file-tree.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const debian = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\n';

const pi: FileTree = {
  'proc/device-tree/model': 'Raspberry Pi 4 Model B Rev 1.4\0',
  'proc/cpuinfo': 'processor\t: 0\nBogoMIPS\t: 108.00\nCPU implementer\t: 0x41\nCPU architecture: 8\n',
  'etc/os-release': debian,
};

const pc: FileTree = {
  'sys/class/dmi/id/sys_vendor': 'Dell Inc.\n',
  'sys/class/dmi/id/product_name': 'Edge Gateway 3001\n',
  'proc/cpuinfo': 'processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Atom(TM)\n',
  'etc/os-release': 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 24.04.2 LTS"\n',
};

async function read(test: TestContext, tree: FileTree): Promise<DeviceInformation> {
  const root = await temporaryDirectory(test);
  await writeTree(root, tree);
  return readDeviceInformation('1.2.3', root);
}

describe('readDeviceInformation', () => {
  it('knows a Raspberry Pi by its device tree', async (t) => {
    const { manufacturer, model, osName, processorManufacturer } = await read(t, pi);
    assert.deepEqual(
      [manufacturer, model, osName, processorManufacturer],
      ['Raspberry Pi', 'Raspberry Pi 4 Model B Rev 1.4', 'Debian GNU/Linux 13 (trixie)', 'ARM'],
    );
  });

  it('knows a PC by its firmware', async (t) => {
    const { manufacturer, model, osName, processorManufacturer } = await read(t, pc);
    assert.deepEqual(
      [manufacturer, model, osName, processorManufacturer],
      ['Dell Inc.', 'Edge Gateway 3001', 'Ubuntu 24.04.2 LTS', 'GenuineIntel'],
    );
  });

  it('is a component of Plug and Play with all its properties, whatever is known', async (t) => {
    for (const tree of [pi, pc, {}]) {
      assert.deepEqual(Object.keys(await read(t, tree)), [
        '__t',
        'manufacturer',
        'model',
        'swVersion',
        'osName',
        'processorArchitecture',
        'processorManufacturer',
        'totalStorage',
        'totalMemory',
      ]);
    }
  });

  it('says unknown for what it cannot find out', async (t) => {
    const { __t, manufacturer, model, osName, processorManufacturer } = await read(t, {});
    assert.deepEqual(
      [__t, manufacturer, model, osName, processorManufacturer],
      ['c', 'unknown', 'unknown', 'unknown', 'unknown'],
    );
  });

  it('says unknown for what is there and empty', async (t) => {
    const tree = Object.fromEntries(Object.keys({ ...pi, ...pc }).map((path) => [path, ' \n\0']));
    const { manufacturer, model, osName } = await read(t, tree);
    assert.deepEqual([manufacturer, model, osName], ['unknown', 'unknown', 'unknown']);
  });

  it('says what this program and this processor are', async (t) => {
    const { swVersion, processorArchitecture } = await read(t, pi);
    assert.deepEqual([swVersion, processorArchitecture], ['1.2.3', arch()]);
  });

  it('gives storage and memory in whole kilobytes', async (t) => {
    const root = await temporaryDirectory(t);
    const { totalStorage, totalMemory } = await readDeviceInformation('1.2.3', root);
    const { blocks, bsize } = await statfs(root);
    assert.equal(totalStorage, Math.round((blocks * bsize) / 1024));
    assert.equal(totalMemory, Math.round(totalmem() / 1024));
  });

  for (const [implementer, name] of [
    ['0x42', 'Broadcom'],
    ['0x48', 'HiSilicon'],
    ['0x4e', 'NVIDIA'],
    ['0x51', 'Qualcomm'],
    ['0x61', 'Apple'],
    ['0x99', '0x99'],
  ] as const) {
    it(`calls the maker of a core ${name} for ${implementer}`, async (t) => {
      const { processorManufacturer } = await read(t, {
        'proc/cpuinfo': `CPU implementer\t: ${implementer}\n`,
      });
      assert.equal(processorManufacturer, name);
    });
  }

  for (const [line, name] of [
    ['PRETTY_NAME="Alpine Linux v3.20"', 'Alpine Linux v3.20'],
    ["PRETTY_NAME='Alpine Linux v3.20'", 'Alpine Linux v3.20'],
    ['PRETTY_NAME=Alpine', 'Alpine'],
    ['PRETTY_NAME="Poky (Yocto Project\'s reference)"', "Poky (Yocto Project's reference)"],
    ['PRETTY_NAME=""', 'unknown'],
    ['NAME="Alpine Linux"', 'unknown'],
  ] as const) {
    it(`reads the system’s name from ${line}`, async (t) => {
      assert.equal((await read(t, { 'etc/os-release': `ID=x\n${line}\nVERSION_ID=1\n` })).osName, name);
    });
  }
});
