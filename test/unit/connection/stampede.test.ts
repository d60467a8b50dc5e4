import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { figures, figuresTable } from '../../simulation/stampede.ts';

const page = join(import.meta.dirname, '..', '..', '..', 'docs', 'provisioning.md');

describe('a thousand devices after a hub outage', () => {
  const [refused, gone, dpsDown] = figures();

  it('come to DPS at a rate it can take, where unlimited ones come all in one second', () => {
    for (const scenario of [refused, gone]) {
      assert.ok(scenario !== undefined);
      assert.equal(scenario.unlimited.peakPerSecond, 1000);
      assert.ok(scenario.ours.peakPerSecond <= 40, `${scenario.ours.peakPerSecond} a second`);
      assert.ok(scenario.ours.peakPerMinute <= 1000, `${scenario.ours.peakPerMinute} a minute`);
    }
  });

  it('do not hammer a DPS that is out of order itself', () => {
    assert.ok(dpsDown !== undefined && dpsDown.ours.registrations * 10 < dpsDown.unlimited.registrations);
    assert.ok(dpsDown.ours.peakPerMinute <= 1100, `${dpsDown.ours.peakPerMinute} a minute`);
  });

  it('are at the new hub all the same', () => {
    for (const { ours, scenario } of figures()) {
      const within = Math.max(scenario.outageMs, scenario.dpsDownUntilMs) + 300_000;
      assert.ok(ours.allHomeMs < within, `${ours.allHomeMs} ms`);
    }
  });

  it('are counted in the documents as they are here', async () => {
    const text = (await readFile(page, 'utf8')).replace(/ +\|/g, ' |');
    for (const row of figuresTable()) assert.ok(text.includes(row), `docs/provisioning.md lacks: ${row}`);
  });
});
