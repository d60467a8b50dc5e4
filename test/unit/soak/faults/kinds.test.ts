import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SystemClock } from '../../../../src/lib/clock.ts';
import type { FaultKind, Strike } from '../../../../src/soak/faults/fault-kind.ts';
import { faultKinds } from '../../../../src/soak/faults/kinds.ts';
import { faultKindNames } from '../../../../src/simulator/faults.ts';
import type { FakeBattlefield } from '../../../fakes/battlefield.ts';
import { battlefield, member } from '../../../fakes/battlefield.ts';
import { Scratch } from '../../../support/scratch.ts';

function kindOf(name: string): FaultKind {
  const kind = faultKinds.find((each) => each.name === name);
  assert.ok(kind !== undefined, `there is no kind ${name}`);
  return kind;
}

/** Strikes these, checked as a scenario's options are. */
function strike(field: FakeBattlefield, name: string, names: readonly string[], options = {}): Strike {
  const kind = kindOf(name);
  kind.check(options);
  assert.equal(kind.unavailable(field), undefined);
  return kind.make(
    options,
    field.fleet.members.filter((each) => names.includes(each.name)),
    field,
  );
}

/** In force, looked at, and over. */
async function during(struck: Strike, look: () => unknown): Promise<void> {
  const over = new AbortController();
  const running = struck.run(over.signal);
  await look();
  over.abort(new Error('the fault is over'));
  await running;
}

const namesOf = ({ struck }: Strike): string[] => struck.map(({ name }) => name);

describe('the kinds of fault', () => {
  it('have a name each', () => {
    const names = faultKinds.map(({ name }) => name);
    assert.deepEqual(names, [...new Set(names)]);
  });

  it('have every fault of the simulator among them', () => {
    for (const name of faultKindNames) kindOf(name);
  });

  it('say what is wrong with an option', () => {
    assert.throws(() => {
      kindOf('latency').check({ ms: -1 });
    }, /^TypeError: cannot use this fault: ms: /);
    assert.throws(() => {
      kindOf('kill').check({ often: true });
    }, TypeError);
    assert.throws(() => {
      kindOf('dps-error').check({ status: 200 });
    }, /status/);
    assert.throws(() => {
      kindOf('delay').check({ ms: 5, device: 'one' });
    }, /device/);
    assert.throws(() => {
      kindOf('delay').check({ ms: 5, hub: 'first' });
    }, /hub/);
  });

  it('take the options of the simulator’s own, and the number of a hub', () => {
    kindOf('dps-error').check({ status: 503, retryAfter: 4, request: 'poll', times: 2 });
    kindOf('delay').check({ ms: 5, hub: 2 });
  });
});

describe('faults of processes', () => {
  const two = () => [member('one', { unit: 'crew' }), member('two', { unit: 'crew' }), member('three')];

  it('strike all who share one', async () => {
    const field = battlefield(two());
    const struck = strike(field, 'kill', ['one']);
    assert.deepEqual(namesOf(struck), ['one', 'two']);
    await during(struck, () => undefined);
    assert.deepEqual(field.fleet.done, ['kill crew']);
  });

  it('strike no more processes than so many agents fill', async () => {
    const crews = ['first', 'second', 'third'];
    const members = crews.flatMap((unit) =>
      [1, 2, 3, 4].map((number) => member(`${unit}-${number}`, { unit })),
    );
    const field = battlefield(members);
    const struck = strike(field, 'kill', ['first-1', 'second-1', 'third-1']);
    assert.equal(struck.struck.length, 4);
    assert.equal(new Set(struck.struck.map(({ unit }) => unit)).size, 1);
    await during(struck, () => undefined);
    assert.equal(field.fleet.done.length, 1);
  });

  it('restart each process once', async () => {
    const field = battlefield(two());
    await during(strike(field, 'restart', ['one', 'two', 'three']), () => undefined);
    assert.deepEqual(field.fleet.done, ['restart crew', 'restart three']);
  });

  it('thaw what they froze', async () => {
    const field = battlefield(two());
    await during(strike(field, 'freeze', ['three']), () => {
      assert.deepEqual(field.fleet.done, ['freeze three']);
    });
    assert.deepEqual(field.fleet.done, ['freeze three', 'thaw three']);
  });

  it('thaw the others when one cannot be frozen, and say which failed', async () => {
    const field = battlefield(two());
    field.fleet.freeze = (unit) => {
      if (unit === 'crew') throw new Error('cannot freeze crew');
      field.fleet.done.push(`freeze ${unit}`);
    };
    await assert.rejects(strike(field, 'freeze', ['one', 'three']).run(new AbortController().signal), {
      message: 'cannot freeze crew',
    });
    assert.deepEqual(field.fleet.done, ['freeze three', 'thaw crew', 'thaw three']);
  });

  it('bring back at once what was off', async () => {
    const field = battlefield(two());
    await during(strike(field, 'down', ['one', 'three']), () => {
      assert.deepEqual(field.fleet.done, ['down crew', 'down three']);
    });
    assert.deepEqual(field.fleet.done.slice(2), ['revive crew', 'revive three']);
  });

  it('bring it back over a while, when asked to', async () => {
    const field = battlefield(two());
    const over = new AbortController();
    const running = strike(field, 'down', ['one', 'three'], { spreadMs: 1000 }).run(over.signal);
    over.abort(new Error('the fault is over'));
    await field.clock.advance(1000);
    await running;
    assert.equal(field.fleet.done.filter((each) => each.startsWith('revive')).length, 2);
  });
});

describe('faults of the wire', () => {
  const some = () => [
    member('one'),
    member('two', { isProxied: true }),
    member('three', { isProxied: true }),
  ];

  it('strike those whose way leads over it, for their time', async () => {
    const field = battlefield(some());
    const struck = strike(field, 'latency', ['one', 'two'], { ms: 700, jitterMs: 50 });
    assert.deepEqual(namesOf(struck), ['two']);
    await during(struck, () => {
      assert.deepEqual([...field.wire.inForce], [[{ latencyMs: 700, jitterMs: 50 }, ['two']]]);
    });
    assert.equal(field.wire.inForce.size, 0);
  });

  it('strike others when none of those chosen is proxied', () => {
    const [name] = namesOf(strike(battlefield(some()), 'loss', ['one']));
    assert.ok(name === 'two' || name === 'three');
  });

  it('can be had only where somebody is proxied', () => {
    assert.match(kindOf('cut').unavailable(battlefield([member('one')])) ?? '', /proxy/);
  });

  it('cut, and are over', async () => {
    const field = battlefield(some());
    await strike(field, 'cut', ['three']).run(new AbortController().signal);
    assert.deepEqual(field.wire.cuts, [['three']]);
  });

  for (const [name, options, shape] of [
    ['loss', { share: 0.2 }, { loss: 0.2 }],
    ['bandwidth', { bytesPerSecond: 900 }, { bytesPerSecond: 900 }],
    ['wire-silent', {}, { silent: true }],
    ['wire-closed', {}, { closed: true }],
  ] as const) {
    it(`have ${name} as it is asked for`, async () => {
      const field = battlefield(some());
      await during(strike(field, name, ['two'], options), () => {
        assert.deepEqual([...field.wire.inForce.keys()], [shape]);
      });
    });
  }
});

describe('faults of the machine', () => {
  let scratch: Scratch;
  let folder: string;
  beforeEach(async () => {
    scratch = new Scratch();
    folder = await scratch.folder();
  });
  afterEach(() => scratch.clean());

  it('set the clock of everybody in the process, and set it right again', async () => {
    const clockFile = join(folder, 'clock');
    await writeFile(clockFile, '+0\n');
    const field = battlefield([
      member('one', { unit: 'crew', clockFile }),
      member('two', { unit: 'crew', clockFile }),
      member('three'),
    ]);
    const struck = strike(field, 'clock-jump', ['one'], { ms: -90_000 });
    assert.deepEqual(namesOf(struck), ['one', 'two']);
    assert.equal(struck.description, 'wall clock 90000 ms behind');
    const over = new AbortController();
    const running = struck.run(over.signal);
    while ((await readFile(clockFile, 'utf8')) === '+0\n') await new SystemClock().sleep(5, over.signal);
    assert.equal(await readFile(clockFile, 'utf8'), '-90.000\n');
    over.abort(new Error('the fault is over'));
    await running;
    assert.equal(await readFile(clockFile, 'utf8'), '+0.000\n');
  });

  it('have no clock to set without libfaketime', () => {
    assert.match(kindOf('clock-jump').unavailable(battlefield([member('one')])) ?? '', /libfaketime/);
  });

  it('never fill the disk of others', () => {
    const field = battlefield([member('one', { folder })]);
    assert.match(kindOf('disk-full').unavailable(field) ?? '', /file system of its own/);
  });
});

describe('faults of certificates', () => {
  it('renew those that have one', async () => {
    const field = battlefield([member('one'), member('two', { attestation: 'x509' })]);
    const struck = strike(field, 'certificate-renewed', ['one', 'two']);
    assert.deepEqual(namesOf(struck), ['two']);
    await during(struck, () => undefined);
    assert.deepEqual(field.fleet.done, ['certify two until 2026-01-31T00:00:00.000Z']);
  });

  it('end with a good one, whatever happened', async () => {
    const field = battlefield([member('two', { attestation: 'x509' })]);
    const over = new AbortController();
    const running = strike(field, 'certificate-expiring', ['two'], { validMs: 60_000 }).run(over.signal);
    await field.clock.advance(1000);
    over.abort(new Error('the fault is over'));
    await running;
    assert.deepEqual(field.fleet.done, [
      'certify two until 2026-01-01T00:01:00.000Z',
      'certify two until 2026-01-31T00:00:01.000Z',
    ]);
  });

  it('can be had only where certificates are issued', () => {
    const field = battlefield([member('two', { attestation: 'x509' })]);
    delete field.fleet.certify;
    assert.equal(kindOf('certificate-renewed').unavailable(field), 'this fleet issues no certificates');
    assert.match(
      kindOf('certificate-renewed').unavailable(battlefield([member('one')])) ?? '',
      /certificate/,
    );
  });
});
