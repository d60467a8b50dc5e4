import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createTestDevice } from '../../../src/certificates/test-authority.ts';
import { interview } from '../../../src/init/interview.ts';
import type { Given } from '../../../src/init/interview.ts';
import { Incomplete, Refusal } from '../../../src/init/refusal.ts';
import type { Setup } from '../../../src/init/setup.ts';
import { SystemClock } from '../../../src/lib/clock.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { deriveDeviceKey } from '../../../src/provisioning/derive-device-key.ts';
import { FakeTerminal } from '../../fakes/fake-terminal.ts';
import { certificateFiles, validNow } from '../../support/certificate-files.ts';
import { Scratch } from '../../support/scratch.ts';

const key = Buffer.alloc(32, 7).toString('base64');
const hub = 'HostName=my-hub.azure-devices.net;DeviceId=pump;SharedAccessKey=';

const by = (terminal: FakeTerminal | undefined, given: Given = {}): Promise<Setup> =>
  interview(given, { terminal, suggestedId: 'attic', clock: new SystemClock() });

describe('a first configuration, asked for', () => {
  it('is made of answers alone, Enter taking what is suggested', async () => {
    const terminal = new FakeTerminal('', '0ne0012ABCD', '', key, '');
    const setup = await by(terminal);
    const { identity, input } = setup;
    assert.ok(identity.method === 'symmetric_key');
    assert.deepEqual([identity.scopeId, identity.registrationId, input], ['0ne0012ABCD', 'attic', 'system']);
    assert.equal(identity.key.reveal(), key);
    assert.deepEqual(terminal.left, []);
  });

  it('explains what there is to choose from, and takes a number or a word', async () => {
    const terminal = new FakeTerminal('4', `${hub}${key}`, 'none');
    const { identity, input } = await by(terminal);
    assert.deepEqual([identity.method, input], ['connection_string', 'none']);
    assert.ok(
      terminal.seen.some((line) =>
        line.includes('  3  x509               a certificate and its private key'),
      ),
    );
  });

  it('never shows a key, neither a right one nor one that is refused', async () => {
    const bad = 'c2VjcmV0IGJ1dCBzaG9ydA==';
    const terminal = new FakeTerminal('1', 'scope', 'pump', bad.slice(0, 10), key.slice(1), key, '');
    await by(terminal);
    const seen = terminal.seen.join('\n');
    assert.ok(!seen.includes(key.slice(1)) && !seen.includes(bad.slice(0, 10)), seen);
    assert.equal(seen.match(/expected the base64 key of an enrollment/g)?.length, 2);
  });

  it('says at once what is wrong with an answer, and asks again', async () => {
    const terminal = new FakeTerminal('1', 'one two', '0ne1', 'pump.', 'pump', key, 'sistem', 'system');
    await by(terminal);
    const problems = terminal.seen.filter((line) => line.startsWith('  expected'));
    assert.match(String(problems[0]), /the ID scope of your DPS, .* found "one two"/);
    assert.match(String(problems[1]), /the last character must be a letter, a digit or -$/);
    assert.match(String(problems[2]), /system, socket or none.*did you mean system\?$/);
    assert.equal(problems.length, 3);
  });

  it('asks only for what is not given, and again for what is given wrong', async () => {
    const terminal = new FakeTerminal('0ne2');
    const setup = await by(terminal, {
      ...{ scopeId: '0n e2', registrationId: 'pump', input: 'none', endpoint: 'localhost:8883' },
      symmetricKey: new Secret(key),
    });
    assert.ok(setup.identity.method === 'symmetric_key');
    assert.deepEqual([setup.identity.scopeId, setup.endpoint], ['0ne2', 'localhost:8883']);
    assert.match(String(terminal.seen[0]), /cannot use --scope-id: .* found "0n e2"/);
  });

  it('makes the key of the device from that of its group, which it does not keep', async () => {
    const groupKey = new Secret(Buffer.alloc(64, 1).toString('base64'));
    const { identity } = await by(undefined, { scopeId: 's', registrationId: 'sn-1', groupKey });
    assert.ok(identity.method === 'symmetric_key');
    assert.equal(identity.key.reveal(), deriveDeviceKey(groupKey, 'sn-1').reveal());
  });

  it('ends when the person does not want to go on', async () => {
    await assert.rejects(by(new FakeTerminal('1', 'scope')), Refusal);
  });
});

describe('a first configuration with nobody to ask', () => {
  it('names everything that is missing in one message', async () => {
    await assert.rejects(by(undefined), (error: Error) => {
      assert.ok(error instanceof Incomplete);
      for (const option of ['--symmetric-key (or --group-key', '--scope-id', '--registration-id'])
        assert.ok(error.message.includes(option), error.message);
      return true;
    });
  });

  it('says what is wrong as well as what is missing', async () => {
    await assert.rejects(by(undefined, { connectionString: new Secret('HostName=x'), endpoint: 'ftp://x' }), {
      name: 'Incomplete',
      message: /^cannot use --connection-string: .*\ncannot use --endpoint: expected https:\/\//,
    });
    await assert.rejects(by(undefined, { scopeId: '!', symmetricKey: new Secret(key) }), {
      message: /^cannot use --scope-id: .*\ncannot ask for what is missing, .*: give --registration-id$/,
    });
  });

  it('does not guess a registration ID: two devices of one name would throw each other out', async () => {
    await assert.rejects(
      by(undefined, { scopeId: 's', symmetricKey: new Secret(key) }),
      /give --registration-id$/,
    );
  });
});

describe('a first configuration with a certificate', () => {
  let scratch: Scratch;

  beforeEach(() => {
    scratch = new Scratch();
  });

  afterEach(() => scratch.clean());

  const pair = async (name: string): Promise<{ certificate: string; privateKey: string }> => {
    return certificateFiles(scratch, await createTestDevice(name, validNow(), undefined));
  };

  it('takes its name from it', async () => {
    const files = await pair('pump');
    const { identity } = await by(undefined, { scopeId: 's', ...files });
    assert.deepEqual(identity, {
      method: 'x509',
      scopeId: 's',
      registrationId: undefined,
      passphrase: undefined,
      ...files,
    });
  });

  it('asks for both files until they fit together', async () => {
    const [pump, valve] = [await pair('pump'), await pair('valve')];
    const terminal = new FakeTerminal(
      ...['x509', 's', join(await scratch.folder(), 'none.pem'), pump.certificate, valve.privateKey],
      ...[pump.certificate, pump.privateKey, 'none'],
    );
    const { identity } = await by(terminal);
    assert.ok(identity.method === 'x509');
    assert.equal(identity.privateKey, pump.privateKey);
    const seen = terminal.seen.join('\n');
    assert.match(seen, /expected the path of a certificate in PEM, found .*none\.pem: .*ENOENT/);
    assert.match(seen, /key\.pem is not the private key of .*cert\.pem/);
  });

  it('is not made with a name that the certificate does not have', async () => {
    const files = await pair('pump');
    await assert.rejects(
      by(undefined, { scopeId: 's', registrationId: 'valve', ...files }),
      /with DPS they are one/,
    );
  });
});
