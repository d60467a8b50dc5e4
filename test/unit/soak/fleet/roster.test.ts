import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../../../src/lib/seeded-random.ts';
import { enlist } from '../../../../src/soak/fleet/roster.ts';
import type { Enlisted } from '../../../../src/soak/fleet/roster.ts';

function roster(agents: number, agentsPerProcess = 1, seed = 1): Enlisted[] {
  const identities = { group: 0.6, key: 0.2, x509: 0.2, proxied: 0.5 };
  return enlist({ name: 'smoke', agents, identities, agentsPerProcess, random: seededRandom(seed) });
}

const count = (all: readonly Enlisted[], holds: (one: Enlisted) => boolean): number =>
  all.filter(holds).length;

describe('who is in a fleet', () => {
  it('is what the shares say', () => {
    const all = roster(20);
    const kinds = (['group', 'key', 'x509'] as const).map((kind) =>
      count(all, ({ attestation }) => attestation === kind),
    );
    assert.deepEqual(kinds, [12, 4, 4]);
    assert.equal(
      count(all, ({ isProxied }) => isProxied),
      10,
    );
    assert.deepEqual(
      [all[0]?.name, all[19]?.name, all[19]?.unit],
      ['smoke-0001', 'smoke-0020', 'smoke-0020'],
    );
  });

  it('is decided by the seed', () => {
    assert.deepEqual(roster(50), roster(50));
    assert.notDeepEqual(roster(50), roster(50, 1, 2));
  });

  it('neither identity nor process tells who is proxied', () => {
    const proxied = roster(1000, 100).filter(({ isProxied }) => isProxied);
    assert.ok(count(proxied, ({ attestation }) => attestation === 'group') < 350);
    assert.equal(new Set(proxied.map(({ unit }) => unit)).size, 10);
  });

  it('lives in as few processes as may be', () => {
    const units = roster(101, 50).map(({ unit }) => unit);
    assert.deepEqual([...new Set(units)], ['crew-0001', 'crew-0002', 'crew-0003']);
    assert.equal(units.filter((unit) => unit === 'crew-0003').length, 1);
  });
});
