import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { findAccount } from '../../../src/lib/account.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const passwd = [
  'root:x:0:0:root:/root:/bin/bash',
  '# a remark',
  'broken:x:one:1::/:',
  'sensor:x:998:997:Sensors,,,:/var/lib/sensor:/usr/sbin/nologin',
  '1234:x:42:42::/home/1234:',
  '+::::::',
  '',
].join('\n');

async function rootWith(test: TestContext, text: string): Promise<string> {
  const root = await temporaryDirectory(test);
  await mkdir(join(root, 'etc'));
  await writeFile(join(root, 'etc/passwd'), text);
  return root;
}

describe('an account', () => {
  it('is found by its name or its number', async (test) => {
    const root = await rootWith(test, passwd);
    const sensor = { userId: 998, groupId: 997, home: '/var/lib/sensor' };
    assert.deepEqual(await findAccount(root, 'sensor'), sensor);
    assert.deepEqual(await findAccount(root, '998'), sensor);
    assert.equal((await findAccount(root, 'root')).userId, 0);
  });

  it('is not found where it does not stand, or not as it should', async (test) => {
    const root = await rootWith(test, passwd);
    for (const user of ['nobody', 'broken', '1234', '+', 'one'])
      await assert.rejects(findAccount(root, user), {
        message: `cannot find the user ${user} in ${root}/etc/passwd`,
      });
  });
});
