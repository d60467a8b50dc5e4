import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { metricsDocument, metricsDocumentPath } from '../../../scripts/metrics-document.ts';
import { allMetrics } from '../../../src/metrics/all-metrics.ts';
import { dashboard, dashboardAsks, rulesAsk } from '../../support/monitoring.ts';
import { faultsIn, metricsIn } from '../../support/promql.ts';

describe('docs/metrics.md', () => {
  it('has every metric as the source has it', async () => {
    const text = await readFile(metricsDocumentPath, 'utf8');
    const options = await resolveConfig(metricsDocumentPath);
    assert.equal(
      text,
      await format(metricsDocument(text), { ...options, parser: 'markdown' }),
      'npm run docs',
    );
    for (const { name } of allMetrics) assert.ok(text.includes(`\`${name}\``), name);
  });
});

describe('the dashboard', () => {
  it('asks for metrics and labels that there are', () => {
    for (const { where, expression, text } of dashboardAsks)
      assert.deepEqual(faultsIn(expression, text), [], where);
  });

  it('shows every metric', () => {
    const shown = new Set(dashboardAsks.flatMap(({ expression }) => metricsIn(expression)));
    const missing = allMetrics.map(({ name }) => name).filter((name) => !shown.has(name));
    assert.deepEqual(missing, []);
  });

  it('can be imported anywhere: its source of data and its device are variables', () => {
    const [source, device] = dashboard.templating.list;
    assert.deepEqual([source?.name, source?.type], ['datasource', 'datasource']);
    assert.equal(device?.name, 'instance');
    assert.deepEqual(
      faultsIn(device.definition?.replace('label_values(dps_agent_build_info, instance)', 'up') ?? ''),
      [],
    );
    for (const { title, type, datasource } of dashboard.panels)
      if (type !== 'row') assert.equal(datasource?.uid, '${datasource}', title);
  });

  it('has its panels side by side, each with a number of its own', () => {
    const { panels } = dashboard;
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    for (const [index, { title, gridPos: one }] of panels.entries()) {
      assert.ok(one.x + one.w <= 24, title);
      for (const { title: other, gridPos: two } of panels.slice(index + 1)) {
        const apart =
          one.x + one.w <= two.x ||
          two.x + two.w <= one.x ||
          one.y + one.h <= two.y ||
          two.y + two.h <= one.y;
        assert.ok(apart, `${title} lies upon ${other}`);
      }
    }
  });
});

describe('the alert rules', () => {
  it('ask for metrics and labels that there are, and say what to do', () => {
    const rules = rulesAsk();
    assert.ok(rules.length > 5);
    for (const { where, expression, text } of rules) assert.deepEqual(faultsIn(expression, text), [], where);
  });
});

describe('faultsIn', () => {
  it('finds what there is not', () => {
    assert.deepEqual(faultsIn('sum by (cause) (dps_agent_reconnects_total{instance="a"})', '{{cause}}'), []);
    assert.deepEqual(faultsIn('dps_agent_reconnects'), ['no metric dps_agent_reconnects']);
    assert.deepEqual(faultsIn('dps_agent_connected{state="x"}'), ['dps_agent_connected has no label state']);
    assert.equal(faultsIn('sum by (cause) (dps_agent_connected)').length, 1);
    assert.equal(faultsIn('dps_agent_connected', '{{priority}}').length, 1);
    assert.equal(faultsIn('vector(0)').length, 1);
  });
});
