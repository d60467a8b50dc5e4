import assert from 'node:assert/strict';
import { rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { RunProgram } from '../../../src/clock-sync/run-program.ts';
import { SyncProbe } from '../../../src/clock-sync/sync-probe.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { writeTree } from '../../fakes/file-tree.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const flag = 'run/systemd/timesync/synchronized';
const never = new AbortController().signal;

describe('asking whether the clock is synchronised', () => {
  it('believes timedatectl, which asks the kernel', async (t) => {
    const asked: string[] = [];
    const run: RunProgram = (program, args) => {
      asked.push([program, ...args].join(' '));
      return Promise.resolve('yes\n');
    };
    const { probe } = await machine(t, run);
    assert.deepEqual(await probe.ask(never), { answer: 'synchronised', source: 'by the kernel' });
    assert.deepEqual(asked, ['timedatectl show --property=NTPSynchronized --value']);
  });

  it('believes the kernel’s no, though timesyncd’s flag of an earlier time is there', async (t) => {
    const { probe } = await machine(t, () => Promise.resolve('no\n'), { [flag]: '' });
    assert.deepEqual(await probe.ask(never), { answer: 'unsynchronised', source: 'by the kernel' });
  });

  it('without timedatectl, takes the flag of systemd-timesyncd', async (t) => {
    const { probe } = await machine(t, missing, { [flag]: '' });
    assert.deepEqual(await probe.ask(never), { answer: 'synchronised', source: 'by systemd-timesyncd' });
  });

  it('without timedatectl, a timesyncd that has not set its flag has not synchronised', async (t) => {
    const { probe, root } = await machine(t, missing, { [flag]: '' });
    await rm(join(root, flag));
    assert.deepEqual(await probe.ask(never), { answer: 'unsynchronised', source: 'by systemd-timesyncd' });
  });

  it('cannot tell in a container, and says why', async (t) => {
    const { probe } = await machine(t, missing);
    const { answer, source } = await probe.ask(never);
    assert.equal(answer, 'unknown');
    assert.match(source, /cannot run timedatectl: spawn timedatectl ENOENT/);
  });

  it('cannot tell from an answer that it does not know', async (t) => {
    const { probe } = await machine(t, () => Promise.resolve('NTPSynchronized=perhaps\n'));
    assert.deepEqual(await probe.ask(never), {
      answer: 'unknown',
      source: 'timedatectl says "NTPSynchronized=perhaps"',
    });
  });

  it('gives timedatectl 5 s, and ends it then', async (t) => {
    let ended = false;
    const run: RunProgram = (_program, _args, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          ended = true;
          reject(signal.reason as Error);
        });
      });
    const { probe, clock } = await machine(t, run);
    const asking = probe.ask(never);
    await clock.advance(5000);
    const { answer, source } = await asking;
    assert.equal(answer, 'unknown');
    assert.match(source, /has not answered within 5 s/);
    assert.ok(ended);
  });

  it('stops asking when the agent stops', async (t) => {
    const stop = new AbortController();
    const { probe } = await machine(t, () => new Promise(() => undefined));
    const asking = probe.ask(stop.signal);
    const reason = new Error('stopping');
    stop.abort(reason);
    await assert.rejects(asking, reason);
  });

  it('sees the flag touched', async (t) => {
    const { probe, root } = await machine(t, missing);
    assert.equal(await probe.flagTouchedMs(), undefined);
    await writeTree(root, { [flag]: '' });
    await utimes(join(root, flag), 1000, 2000);
    assert.equal(await probe.flagTouchedMs(), 2_000_000);
  });
});

const missing: RunProgram = () =>
  Promise.reject(new Error('cannot run timedatectl', { cause: new Error('spawn timedatectl ENOENT') }));

async function machine(
  t: TestContext,
  run: RunProgram,
  files: Readonly<Record<string, string>> = {},
): Promise<{ probe: SyncProbe; root: string; clock: FakeClock }> {
  const root = await temporaryDirectory(t);
  await writeTree(root, files);
  const clock = new FakeClock();
  return { probe: new SyncProbe({ run, root, clock }), root, clock };
}
