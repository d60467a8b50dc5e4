import assert from 'node:assert/strict';
import { chmod, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { parseConfig } from '../../../src/config/parse.ts';
import { permissionWarnings } from '../../../src/config/permission-warnings.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';

interface Files {
  readonly path: (name: string) => string;
  readonly write: (name: string, mode: number) => Promise<string>;
  readonly warnings: (mode: number, ...lines: string[]) => Promise<readonly string[]>;
}

/** A folder with a config.yaml of the given mode, made of these lines below `provisioning:`. */
async function folderFor(test: TestContext): Promise<Files> {
  const folder = await temporaryDirectory(test);
  const path = (name: string): string => join(folder, name);
  const write = async (name: string, mode: number, content = ''): Promise<string> => {
    await writeFile(path(name), content);
    await chmod(path(name), mode);
    return path(name);
  };
  return {
    path,
    write,
    warnings: async (mode, ...lines) => {
      const text = ['provisioning:', ...lines].join('\n');
      await write('config.yaml', mode, text);
      return permissionWarnings(path('config.yaml'), parseConfig(text, 'config.yaml').config);
    },
  };
}

const byKey = (symmetricKey: string): string[] => [
  '  source: dps',
  '  scope_id: 0ne0012ABCD',
  `  attestation: { method: symmetric_key, registration_id: d, symmetric_key: "${symmetricKey}" }`,
];

describe('who may read what', () => {
  it('is warned of once when a config.yaml with secrets may be read by all', async (t) => {
    const { path, warnings } = await folderFor(t);
    const config = path('config.yaml');
    assert.deepEqual(await warnings(0o644, ...byKey(key), `proxy: http://u:p@proxy:1`), [
      `${config} holds a secret and can be read by every user of this machine: chmod 640 ${config}`,
    ]);
  });

  for (const mode of [0o600, 0o640, 0o440]) {
    it(`is in order for a config.yaml of mode ${mode.toString(8)}`, async (t) => {
      const { warnings } = await folderFor(t);
      assert.deepEqual(await warnings(mode, ...byKey(key)), []);
    });
  }

  it('does not matter where the config.yaml holds no secret', async (t) => {
    const { warnings } = await folderFor(t);
    assert.deepEqual(await warnings(0o644, ...byKey('env:KEY'), 'proxy: http://proxy:3128'), []);
  });

  it('matters for a proxy’s password', async (t) => {
    const { warnings } = await folderFor(t);
    assert.equal((await warnings(0o644, ...byKey('env:KEY'), 'proxy: http://u:p@proxy:3128')).length, 1);
  });

  it('is warned of for each file of a key, passphrase or secret, quoted for the shell', async (t) => {
    const { write, warnings } = await folderFor(t);
    const open = await write("it's open", 0o604);
    const passphrase = await write('passphrase', 0o644);
    const second = await write('second', 0o440);
    const pair = ['identity_cert: file:///cert.pem', 'identity_pk: file:///no/such/file'];
    const found = await warnings(
      0o644,
      '  source: dps',
      '  scope_id: 0ne0012ABCD',
      '  payload: { kind: file, path: /etc/passwd }',
      '  attestation:',
      '    method: x509',
      ...pair.map((line) => `    ${line}`),
      `    identity_pk_passphrase: file://${passphrase}`,
      '    secondary_identity_cert: file:///cert.pem',
      `    secondary_identity_pk: file://${encodeURI(open)}`,
      `    secondary_identity_pk_passphrase: file://${second}`,
    );
    assert.deepEqual(found.toSorted(), [
      `${open} holds a secret and can be read by every user of this machine: chmod 600 '${open.replace("'", String.raw`'\''`)}'`,
      `${passphrase} holds a secret and can be read by every user of this machine: chmod 600 ${passphrase}`,
    ]);
  });

  it('is warned of for the bootstrap key of EST', async (t) => {
    const { write, warnings } = await folderFor(t);
    const bootstrap = await write('bootstrap.key.pem', 0o644);
    const found = await warnings(
      0o644,
      '  source: dps',
      '  scope_id: 0ne0012ABCD',
      '  attestation:',
      '    method: x509',
      '    registration_id: d',
      '    identity_cert:',
      '      method: est',
      '      url: https://est.example',
      '      bootstrap_identity_cert: file:///cert.pem',
      `      bootstrap_identity_pk: file://${bootstrap}`,
    );
    assert.equal(found.length, 1);
    assert.match(found[0] ?? '', /chmod 600 \S*bootstrap\.key\.pem$/);
  });

  it('matters for what an input tells a server or a broker', async (t) => {
    const { path, warnings } = await folderFor(t);
    const config = path('config.yaml');
    const http = 'type: http, url: https://node';
    const mqtt = 'type: mqtt, url: mqtts://broker, topics: [{filter: a}]';
    for (const input of [
      `${http}, username: u, password: p`,
      `${http}, bearer_token: t`,
      `${http}, headers: {X-Key: k}`,
      `${mqtt}, username: u, password: p`,
    ])
      assert.deepEqual(
        await warnings(0o644, ...byKey('env:KEY'), `telemetry: {inputs: [{name: i, ${input}}]}`),
        [`${config} holds a secret and can be read by every user of this machine: chmod 640 ${config}`],
        input,
      );
    const silent = `${http}, username: u, password: 'env:P', properties: {kind: file, path: /etc/passwd}`;
    const harmless = ['telemetry:', '  inputs:', `    - {name: i, ${silent}}`, `    - {name: j, ${mqtt}}`];
    assert.deepEqual(await warnings(0o644, ...byKey('env:KEY'), ...harmless), []);
  });

  it('is warned of for each file that an input reads a secret from', async (t) => {
    const { write, warnings } = await folderFor(t);
    const names = ['header', 'http-password', 'token', 'broker-password', 'client.key.pem'];
    const files = await Promise.all(names.map((name) => write(name, 0o644)));
    const [header, httpPassword, token, brokerPassword, clientKey] = files.map((file) => `'file://${file}'`);
    const found = await warnings(
      0o640,
      ...byKey('env:KEY'),
      'telemetry:',
      '  inputs:',
      `    - {name: a, type: http, url: 'http://a', headers: {X-Key: ${String(header)}}, username: u, password: ${String(httpPassword)}}`,
      `    - {name: b, type: http, url: 'http://b', bearer_token: ${String(token)}}`,
      '    - name: c',
      '      type: mqtt',
      '      url: mqtts://broker',
      '      topics: [{filter: a}]',
      '      username: u',
      `      password: ${String(brokerPassword)}`,
      '      client_cert: file:///no/such/file',
      `      client_pk: ${String(clientKey)}`,
    );
    assert.deepEqual(
      found.toSorted(),
      files
        .map(
          (file) => `${file} holds a secret and can be read by every user of this machine: chmod 600 ${file}`,
        )
        .toSorted(),
    );
  });

  it('is put right without locking out the user that the agent runs as', async (t) => {
    const { write } = await folderFor(t);
    const secret = await write('secret', 0o644);
    const { config } = parseConfig(['provisioning:', ...byKey(`file://${secret}`)].join('\n'), 'config.yaml');
    const { uid } = await stat(secret);
    const advice = async (user: number): Promise<string | undefined> =>
      (await permissionWarnings('/none', config, { uid: user }))[0]?.split('machine: ')[1];
    assert.equal(await advice(uid), `chmod 600 ${secret}`);
    assert.equal(await advice(0), `chmod 600 ${secret}`);
    assert.equal(await advice(uid + 4711), `chown ${uid + 4711} ${secret} && chmod 600 ${secret}`);
  });
});
