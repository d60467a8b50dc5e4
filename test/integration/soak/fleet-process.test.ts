import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { Scratch } from '../../support/scratch.ts';
import { allConnected, fleetFor, lives, stateOf, until } from './fleet-rig.ts';
import type { Rig } from './fleet-rig.ts';

describe('a fleet of agents in a process each', { concurrency: true }, () => {
  it('connects by all kinds of identity; whoever is killed, frozen or told to read again is there afterwards; in the end nobody is', async (t) => {
    const { fleet, simulator, directory } = await rig(t);
    await fleet.start();
    await allConnected(fleet);
    assert.deepEqual(fleet.members.map(({ attestation }) => attestation).sort(), ['group', 'key', 'x509']);
    const atHub = simulator.connections.current().filter(({ service }) => service === 'hub');
    assert.deepEqual(atHub.map(({ device }) => device).sort(), ['test-0001', 'test-0002', 'test-0003']);

    const [first, second, third] = fleet.members;
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    const before = fleet.pid(first.unit) ?? 0;
    await fleet.kill(first.unit);
    assert.notEqual(fleet.pid(first.unit), before);
    assert.equal(lives(before), false);
    await allConnected(fleet);

    const pid = fleet.pid(second.unit) ?? 0;
    fleet.freeze(second.unit);
    await until('it is frozen', () => stateOf(pid) === 'T');
    fleet.thaw(second.unit);
    await until('it runs again', () => stateOf(pid) !== 'T');

    fleet.reload(third.name);
    await until('it has read its configuration', () =>
      logOf(directory, third.unit).includes('the configuration was read again'),
    );

    const samples = await fleet.sample();
    assert.deepEqual(
      samples.map(({ unit, life, agents }) => ({ unit, life, agents })),
      [
        { unit: first.unit, life: 2, agents: 1 },
        { unit: second.unit, life: 1, agents: 1 },
        { unit: third.unit, life: 1, agents: 1 },
      ],
    );
    for (const { rssBytes, cpuMs, descriptors, sockets, timers } of samples) {
      assert.ok(timers !== undefined && timers >= 1, `${timers ?? 'no'} timers`);
      assert.ok(rssBytes > 20e6 && cpuMs > 50, `${rssBytes} bytes, ${cpuMs} ms`);
      assert.ok(sockets >= 1 && descriptors > sockets, `${descriptors} descriptors, ${sockets} sockets`);
    }

    const pids = fleet.members.map(({ unit }) => fleet.pid(unit) ?? 0);
    await fleet.stop();
    assert.deepEqual(pids.filter(lives), []);
    const { ends, findings, omitted } = fleet.seen;
    assert.deepEqual(ends.map(({ unit, signal, wanted }) => [unit, signal, wanted])[0], [
      first.unit,
      'SIGKILL',
      true,
    ]);
    assert.deepEqual(
      ends.slice(1).map(({ code, wanted }) => [code, wanted]),
      Array(3).fill([0, true]),
    );
    assert.deepEqual([findings, omitted], [[], {}]);
  });

  it('shows its secrets to nobody else, and tells when one stands in a log', async (t) => {
    const { fleet, directory } = await rig(t, {
      agents: 1,
      identities: { group: 0, key: 1, x509: 0, proxied: 0 },
    });
    const [member] = fleet.members;
    assert.ok(member?.keyFile !== undefined);
    for (const path of [member.configPath, member.keyFile])
      assert.equal((await stat(path)).mode & 0o777, 0o600);
    const key = await readFile(member.keyFile, 'utf8');
    assert.ok(!(await readFile(member.configPath, 'utf8')).includes(key));
    // An agent that logs its own key: the name of its hub is what it says first.
    await fleet.start();
    await allConnected(fleet);
    assert.deepEqual(fleet.seen.findings, []);
    fleet.guard?.(member.name, 'connected to');
    await fleet.restart(member.unit);
    await until('it is found', () => fleet.seen.findings.length > 0);
    assert.deepEqual(
      fleet.seen.findings.map(({ kind, agent }) => [kind, agent]),
      [['secret', member.name]],
    );
    await fleet.stop();
    assert.match(logOf(directory, member.unit), /"msg":"\[secret\] /);
  });
});

function rig(t: TestContext, scenario: Parameters<typeof fleetFor>[1] = {}): Promise<Rig> {
  const scratch = new Scratch();
  t.after(() => scratch.clean());
  return fleetFor(scratch, scenario);
}

function logOf(directory: string, unit: string): string {
  return readFileSync(join(directory, 'logs', `${unit}.log`), 'utf8');
}
