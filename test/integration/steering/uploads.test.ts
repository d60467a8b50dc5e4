import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Scratch } from '../../support/scratch.ts';
import { until } from '../telemetry/fed-agent.ts';
import { SteeredDevice } from './steered-device.ts';

/** In the configuration, as the environment of a program; and in the log, because the cloud calls a method of that name. */
const secret = 'lift-the-gate-4711';
const input = `{name: tool, type: exec, command: [/bin/true], interval: 1d, environment: {TOKEN: ${secret}}}`;

describe('files from a running agent', () => {
  let scratch: Scratch;
  let device: SteeredDevice;

  beforeEach(async () => {
    scratch = new Scratch();
    device = await SteeredDevice.start(scratch, [`telemetry: {inputs: [${input}]}`, 'log: {level: debug}']);
    await device.call(secret);
    assert.match(JSON.stringify(device.agent.log.lines), new RegExp(secret));
  });

  afterEach(() => scratch.clean());

  function uploaded(blobName: string): string {
    const blob = device.simulator.blobs.get(blobName);
    assert.ok(blob, `there is no ${blobName}`);
    const text = gunzipSync(blob.content).toString('utf8');
    for (const hidden of [secret, device.key])
      assert.ok(!text.includes(hidden), 'a secret has left the device');
    assert.match(text, /direct method .?\[secret\].? answered with 404/);
    return text;
  }

  it('its logs, through the hub', async () => {
    const { status, payload } = await device.call('uploadLogs', { level: 'info' });
    assert.equal(status, 202);
    const task = await device.ended('uploadLogs', payload['correlationId']);
    const { blobName = '', bytes } = task.result ?? {};
    assert.equal(task.state, 'succeeded', JSON.stringify(task));
    assert.match(String(blobName), /^gateway\/logs\/\d{8}T\d{6}Z\.ndjson\.gz$/);
    const lines = uploaded(String(blobName)).trimEnd().split('\n');
    const parsed = lines.map((line) => JSON.parse(line) as { level: number; msg: string });
    assert.ok(parsed.some(({ msg }) => msg.startsWith('connected to ')));
    assert.ok(parsed.every(({ level }) => level >= 30));
    const value = device.reported('uploadLogs', 'value') as { progress: object; result: object };
    assert.deepEqual([value.result, value.progress], [{ blobName, bytes }, { sentBytes: bytes }]);
    const told = device.simulator.fileUploads.since();
    assert.deepEqual(
      told.map(({ isSuccess }) => isSuccess),
      [undefined, true],
    );
  });

  it('its logs, to a SAS URL that stands nowhere afterwards', async () => {
    const sasUrl = device.simulator.blobUrl('cases/4711.gz');
    const { status, payload } = await device.call('uploadLogs', { sasUrl, since: '10m' });
    assert.equal(status, 202);
    const task = await device.ended('uploadLogs', payload['correlationId']);
    assert.equal(task.result?.['blobName'], 'cases/4711.gz');
    assert.match(uploaded('cases/4711.gz'), /connected to /);
    assert.deepEqual(device.simulator.fileUploads.since(), []);
    const kept = await readFile(join(device.stateDirectory, 'tasks.json'), 'utf8');
    const said = [kept, task, device.agent.log.lines, device.reported()];
    const [, signature = ''] = /[?&]sig=([^&]+)/.exec(sasUrl) ?? [];
    assert.ok(signature.length > 20);
    assert.ok(!JSON.stringify(said).includes(signature));
  });

  it('its logs, told in the twin though somebody asks for a property of that name', async () => {
    device.simulator.patchDesired('gateway', { uploadLogs: 'now', log: { level: 'info' } });
    await device.untilReported(() => device.reported('log', 'level', 'ac') === 200);
    assert.equal(device.reported('uploadLogs'), undefined);
    const { payload } = await device.call('uploadLogs');
    await device.ended('uploadLogs', payload['correlationId']);
    assert.deepEqual(Object.keys(device.reported('uploadLogs') as object), ['value']);
  });

  it('a support bundle with all its parts', async () => {
    const { status, payload } = await device.call('uploadSupportBundle', { blobName: 'bundle.tar.gz' });
    assert.equal(status, 202);
    const task = await device.ended('uploadSupportBundle', payload['correlationId']);
    assert.equal(task.state, 'succeeded', JSON.stringify(task));
    uploaded('gateway/bundle.tar.gz');
    const files = unpacked(gunzipSync(device.simulator.blobs.get('gateway/bundle.tar.gz')?.content ?? ''));
    for (const name of ['versions.json', 'status.json', 'machine.json', 'logs.ndjson', 'journal.ndjson'])
      assert.ok(files.has(name), name);
    const report = JSON.parse(files.get('status.json') ?? '') as { state: { name: string } };
    assert.equal(report.state.name, 'connected');
    assert.equal(files.get('effective-config.txt'), 'described by the program');
    assert.match(files.get('metrics.txt') ?? '', /^dps_agent_\w+/m);
    assert.match(files.get('logs.ndjson') ?? '', /connected to /);
    const manifest = JSON.parse(files.get('manifest.json') ?? '') as {
      files: { name: string; error?: string }[];
    };
    assert.deepEqual(
      manifest.files.filter(({ error }) => error === undefined).map(({ name }) => name),
      [...files.keys()].slice(0, -1),
    );
  });

  it('get there although the storage fails at first', async () => {
    device.simulator.faults.add({ kind: 'blob-error', status: 503, times: 2 });
    const { payload } = await device.call('uploadLogs', { blobName: 'logs.gz' });
    const task = await device.ended('uploadLogs', payload['correlationId']);
    assert.equal(task.state, 'succeeded', JSON.stringify(task));
    assert.deepEqual(device.simulator.faults.list(), []);
    uploaded('gateway/logs.gz');
  });

  it('are known of after a restart, those that failed too', async () => {
    const good = await device.call('uploadLogs', { blobName: 'logs.gz' });
    const before = await device.ended('uploadLogs', good.payload['correlationId']);
    const bad = await device.call('uploadSupportBundle', { sasUrl: device.simulator.blobUrl('late', -60) });
    const failed = await device.ended('uploadSupportBundle', bad.payload['correlationId']);
    assert.deepEqual([failed.state, failed.error?.code], ['failed', 'UPLOAD-STORAGE-REFUSED']);
    await device.restart();
    // How far it had come is not kept: how it ended is.
    const { progress, ...kept } = before;
    assert.ok(progress);
    assert.deepEqual(await device.task(before.correlationId), kept);
    assert.deepEqual(await device.task(failed.correlationId), failed);
  });

  it('that a restart has cut off are said to be interrupted', async () => {
    device.simulator.faults.add({ kind: 'blob-error', status: 503 });
    const { payload } = await device.call('uploadLogs', { blobName: 'logs.gz' });
    await device.untilReported(() => device.reported('uploadLogs', 'value', 'state') === 'running');
    await device.restart();
    const { state } = await device.task(payload['correlationId']);
    assert.equal(state, 'interrupted');
    await device.untilReported(() => device.reported('uploadLogs', 'value', 'state') === 'interrupted');
  });
});

/** The files of a tar archive. */
function unpacked(archive: Buffer): Map<string, string> {
  const files = new Map<string, string>();
  for (let offset = 0; archive[offset] !== 0;) {
    const header = archive.subarray(offset, offset + 512);
    const name = header
      .subarray(0, 100)
      .toString('latin1')
      .replace(/\0.*$/s, '')
      .replace(/^dps-agent-support\//, '');
    const size = Number.parseInt(header.subarray(124, 135).toString('latin1'), 8);
    files.set(name, archive.subarray(offset + 512, offset + 512 + size).toString('utf8'));
    offset += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

describe('programs that the cloud has run by a running agent', () => {
  let scratch: Scratch;
  let folder: string;

  beforeEach(async () => {
    scratch = new Scratch();
    folder = await scratch.folder();
  });

  afterEach(() => scratch.clean());

  const commands = (): string =>
    `commands: [{name: greet, command: [/bin/echo, 'hello {who}'], args: {who: '[a-z]+'}}, {name: reboot, command: [/bin/touch, ${join(folder, 'rebooted')}]}]`;

  it('is refused both commands and the reboot, with the lines that would allow them, until its own file does', async () => {
    const device = await SteeredDevice.start(scratch, [commands()]);
    const refused = await Promise.all([
      device.call('runCommand', { name: 'greet', args: { who: 'oslo' } }),
      device.call('reboot'),
    ]);
    assert.deepEqual(
      refused.map(({ status, payload }) => [status, payload['code'], payload['config']]),
      [
        [403, 'NOT-ALLOWED', 'methods:\n  allow: [runCommand]\n'],
        [403, 'NOT-ALLOWED', 'methods:\n  allow: [reboot]\n'],
      ],
    );
  });

  it('are run as the file has them, and nothing else is', async () => {
    const device = await SteeredDevice.start(scratch, [commands(), 'methods: {allow: [runCommand, reboot]}']);
    const { status, payload } = await device.call('runCommand', { name: 'greet', args: { who: 'oslo' } });
    assert.deepEqual([status, payload['exitStatus'], payload['stdout']], [200, 0, 'hello oslo\n']);
    const injected = await device.call('runCommand', { name: 'greet', args: { who: 'oslo; touch x' } });
    assert.equal(injected.status, 400, JSON.stringify(injected));
    const unknown = await device.call('runCommand', { name: 'sh', args: ['-c', 'true'] });
    assert.equal(unknown.status, 404, JSON.stringify(unknown));
  });

  it('is asked for a reboot, answers, and does what the file has in its place', async () => {
    const device = await SteeredDevice.start(scratch, [commands(), 'methods: {allow: [reboot]}']);
    const { status, payload } = await device.call('reboot', { delaySeconds: 0 });
    assert.deepEqual([status, payload], [200, { accepted: true, delaySeconds: 0 }]);
    await until('it was rebooted', () =>
      readFile(join(folder, 'rebooted')).then(
        () => true,
        () => false,
      ),
    );
  });
});
