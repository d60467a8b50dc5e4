import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { lastKnown, lastKnownText } from '../../../src/cli/last-known.ts';
import type { LastKnown } from '../../../src/cli/last-known.ts';
import { Scratch } from '../../support/scratch.ts';

const now = new Date('2026-01-02T00:00:00Z');

const service = { active: 'inactive', result: 'success', exitStatus: 0, enabled: 'enabled' };
const textOf = (over: Partial<LastKnown>): string =>
  lastKnownText({ running: false, stateDirectory: '/var/lib/dps-agent', ...over }, now);

describe('what is known of an agent that does not run', () => {
  let scratch: Scratch;

  beforeEach(() => {
    scratch = new Scratch();
  });

  afterEach(() => scratch.clean());

  it('is what it left in its state directory', async () => {
    const folder = await scratch.folder();
    const assignment = { assignedHub: 'one', deviceId: 'gateway', assignedAt: '2026-01-01T00:00:00Z' };
    await writeFile(join(folder, 'assignment.json'), JSON.stringify({ format: 1, assignment }));
    await mkdir(join(folder, 'queue/normal'), { recursive: true });
    await writeFile(join(folder, 'queue/normal/1.segment'), 'x'.repeat(1500));
    const known = await lastKnown(folder, () => assert.fail('the service has another state directory'));
    assert.deepEqual(known, {
      running: false,
      stateDirectory: folder,
      assignment: { hub: 'one', device: 'gateway', assignedAt: '2026-01-01T00:00:00Z' },
      queue: { bytes: 1500 },
    });
    const text = lastKnownText(known, now);
    assert.match(text, /^hub +one, as gateway$/m);
    assert.match(text, /^assigned +by DPS 24 h ago$/m);
    assert.match(text, /^queue +2 KB on the disk$/m);
  });

  it('is nothing where nothing was left, or what was left cannot be read', async () => {
    const folder = await scratch.folder();
    await writeFile(join(folder, 'assignment.json'), 'not JSON');
    const known = await lastKnown(folder, () => assert.fail('the service has another state directory'));
    assert.deepEqual(known, { running: false, stateDirectory: folder });
  });

  it('is what systemd says of the service', async () => {
    const answer =
      'LoadState=loaded\nActiveState=failed\nResult=exit-code\nExecMainStatus=78\nUnitFileState=enabled\n';
    const known = await lastKnown('/var/lib/dps-agent', () => Promise.resolve(answer));
    assert.deepEqual(known.service, {
      active: 'failed',
      result: 'exit-code',
      exitStatus: 78,
      enabled: 'enabled',
    });
  });

  it('has what systemd says, and what to type, where the state directory is closed to whoever asks', () => {
    const text = textOf({ isHidden: true, service });
    assert.match(text, /^state in +\/var\/lib\/dps-agent, which this user may not read$/m);
    assert.match(text, /^ +to see what it left behind: sudo dps-agent status$/m);
  });

  it('has no service where there is no unit, or no systemd', async () => {
    const path = '/var/lib/dps-agent';
    assert.equal((await lastKnown(path, () => Promise.resolve('LoadState=not-found\n'))).service, undefined);
    assert.equal((await lastKnown(path, () => Promise.reject(new Error('ENOENT')))).service, undefined);
  });

  const steps: readonly [string, LastKnown['service'], RegExp][] = [
    ['without a service', undefined, /^next +to run it in this terminal: dps-agent run$/m],
    ['stopped', service, /^next +to start it: sudo systemctl start dps-agent$/m],
    ['not enabled', { ...service, enabled: 'disabled' }, /sudo systemctl enable --now dps-agent$/m],
    [
      'stopped by its configuration',
      { ...service, active: 'failed', result: 'exit-code', exitStatus: 78 },
      /^next +to see what is wrong with the configuration: dps-agent config validate$/m,
    ],
    [
      'ended by the watchdog',
      { ...service, active: 'failed', result: 'watchdog', exitStatus: 6 },
      /^service +failed, enabled, last ended by watchdog \(status 6\)$[^]*journalctl -u dps-agent -e/m,
    ],
  ];
  for (const [how, state, wanted] of steps)
    it(`says what to type: ${how}`, () => {
      assert.match(textOf(state === undefined ? {} : { service: state }), wanted);
    });
});
