import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Scratch } from '../../support/scratch.ts';
import { allConnected, fleetFor, lives, until } from './fleet-rig.ts';

describe('a crew: many agents in one process', { concurrency: true }, () => {
  it('connects, survives its death, reloads one agent alone, counts its timers and is gone in the end', async (t) => {
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const identities = { group: 0.4, key: 0.4, x509: 0.2, proxied: 0 };
    const { fleet, directory } = await fleetFor(scratch, { agents: 5, identities }, { host: 'in-process' });
    const log = (): string => readFileSync(join(directory, 'logs', 'crew-0001.log'), 'utf8');
    await fleet.start();
    await allConnected(fleet);
    assert.deepEqual([...new Set(fleet.members.map(({ unit }) => unit))], ['crew-0001']);

    fleet.reload('test-0003');
    await until('one has read its configuration', () => /^test-0003 .*was read again/m.test(log()));
    assert.equal(log().match(/was read again/g)?.length, 1);

    const [sample] = await fleet.sample();
    assert.deepEqual([sample?.agents, sample?.life], [5, 1]);
    assert.ok((sample?.timers ?? 0) >= 5, `${sample?.timers ?? 0} timers`);

    const pid = fleet.pid('crew-0001') ?? 0;
    await fleet.kill('crew-0001');
    await allConnected(fleet);
    assert.equal(lives(pid), false);
    assert.equal((await fleet.sample())[0]?.life, 2);

    const last = fleet.pid('crew-0001') ?? 0;
    await fleet.stop();
    assert.equal(lives(last), false);
    assert.deepEqual(fleet.seen.findings, []);
    assert.deepEqual(
      fleet.seen.ends.map(({ code, signal, wanted }) => [code, signal, wanted]),
      [
        [null, 'SIGKILL', true],
        [0, null, true],
      ],
    );
  });

  it('ends with its director, as a frozen agent does, when that is killed', async (t) => {
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const directory = await scratch.folder();
    const script = join(import.meta.dirname, 'fleet-director.ts');
    const director = spawn(process.execPath, ['--import', 'tsx', script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    scratch.defer(() => Promise.resolve(director.kill('SIGKILL')));
    const [text] = (await once(director.stdout, 'data')) as [Buffer];
    const pids = text.toString().trim().split(' ').map(Number);
    assert.deepEqual(pids.map(lives), [true, true]);
    director.kill('SIGKILL');
    await until('nobody lives', () => !pids.some(lives), 10_000);
  });
});
