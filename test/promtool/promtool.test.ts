import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { AgentMetrics } from '../../src/metrics/agent-metrics.ts';
import { dashboardAsks, rulesPath } from '../support/monitoring.ts';
import { Scratch } from '../support/scratch.ts';
import { someFigures } from '../unit/metrics/some-figures.ts';

describe('promtool, of Prometheus', () => {
  it('reads the metrics and has nothing to say against their names', async () => {
    const text = await new AgentMetrics(() => someFigures).text();
    assert.deepEqual(promtool(['check', 'metrics'], text), { status: 0, said: '' });
  });

  it('has nothing to say against the alert rules', () => {
    const { status, said } = promtool(['check', 'rules', rulesPath]);
    assert.equal(status, 0, said);
    assert.match(said, /SUCCESS: \d+ rules found/);
  });

  it('understands what the dashboard asks', async (t) => {
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const path = join(await scratch.folder(), 'dashboard.json');
    const rules = dashboardAsks.map(({ expression }, index) => ({
      record: `asked:${index}`,
      expr: expression.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'),
    }));
    await writeFile(path, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    const { status, said } = promtool(['check', 'rules', path]);
    assert.equal(status, 0, said);
  });
});

function promtool(args: readonly string[], input = ''): { status: number | null; said: string } {
  const { error, status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  if (error !== undefined)
    throw new Error('cannot run promtool: apt-get install prometheus', { cause: error });
  return { status, said: stdout + stderr };
}
