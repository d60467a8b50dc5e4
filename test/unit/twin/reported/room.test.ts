import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkPatch, checkSize, sizeOf as sizeAsHub } from '../../../../src/simulator/twin-limits.ts';
import { cutText, sizeOf, takeable, twinLimits } from '../../../../src/twin/reported/limits.ts';
import { fitted } from '../../../../src/twin/reported/room.ts';
import { reportedSections } from '../../../../src/twin/reported/sections.ts';
import { facts } from './facts.ts';

type Patch = Parameters<typeof checkPatch>[0];

function deep(levels: number): object {
  return levels === 0 ? { end: 1 } : { in: deep(levels - 1) };
}

describe('takeable', () => {
  it('makes of any properties what the hub takes', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.object({ maxDepth: 4, withBigInt: false })), (properties) => {
        const taken = takeable(properties) as Patch;
        checkPatch(taken);
        assert.equal(sizeOf(taken), sizeAsHub(taken));
        assert.deepEqual(JSON.parse(JSON.stringify(taken)), taken);
      }),
    );
  });

  it('cleans names, and numbers those that become the same', () => {
    assert.deepEqual(takeable({ 'a.b': 1, 'a b': 2, $c: 3, '': 4, a_b: 5 }), {
      a_b: 1,
      a_b_2: 2,
      _c: 3,
      _: 4,
      a_b_3: 5,
    });
  });

  it('cuts texts, integers and depths at their limits', () => {
    const taken = takeable({
      text: 'ä'.repeat(5000),
      large: 2 ** 60,
      small: -(2 ** 60),
      nan: NaN,
      deep: deep(20),
    });
    checkPatch(taken as Patch);
    assert.equal(Buffer.byteLength(String(taken['text'])), twinLimits.stringBytes - 1);
    assert.deepEqual([taken['large'], taken['small'], 'nan' in taken], [2 ** 52 - 1, -(2 ** 52), false]);
  });

  it('never cuts a character in two', () => {
    assert.equal(cutText('😀😀😀', 12), '😀😀😀');
    assert.equal(cutText('😀😀😀', 11), '😀😀…');
  });
});

describe('fitted', () => {
  const many = Array.from({ length: 500 }, (_, number) => ({
    name: `input-${number}`,
    state: number === 400 ? ('failing' as const) : ('ok' as const),
    readings: 1,
    failures: 0,
  }));

  it('reports the inputs there is room for, those that fail first, and how many were left out', () => {
    const sections = fitted(reportedSections(facts({ inputs: many })), 4096);
    checkSize(sections as Patch, 4096, 'reported properties');
    const inputs = Object.keys(sections['inputs'] as object).filter((name) => name !== '__t');
    assert.equal(inputs[0], 'input-400');
    assert.ok(inputs.length > 50, String(inputs.length));
    assert.deepEqual((sections['agent'] as Record<string, unknown>)['truncated'], {
      inputs: 500 - inputs.length,
    });
  });

  it('leaves whole sections out when even that is too much', () => {
    const sections = fitted(reportedSections(facts({ inputs: many })), 700);
    checkSize(sections as Patch, 700, 'reported properties');
    assert.deepEqual(Object.keys(sections).includes('health'), true);
    assert.deepEqual((sections['agent'] as Record<string, unknown>)['truncated'], {
      resources: 8,
      inputs: 500,
      messages: 9,
      queue: 5,
    });
  });

  it('says nothing of room while there is enough', () => {
    assert.equal('truncated' in (fitted(reportedSections(facts()), 16_384)['agent'] as object), false);
  });
});
