import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { formatDuration } from '../../../src/config/duration.ts';
import { parseCommandLine, usage } from '../../../src/soak/command-line.ts';
import { faultKinds } from '../../../src/soak/faults/kinds.ts';
import { judge } from '../../../src/soak/judge/judge.ts';
import { libraryScenarios } from '../../../src/soak/scenario/library.ts';
import { parseScenario } from '../../../src/soak/scenario/parse-scenario.ts';
import { total } from '../../../src/soak/scenario/schedule.ts';
import { evidence, limits } from '../../fakes/evidence.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const page = await readFile(join(root, 'docs', 'soak.md'), 'utf8');

/** The cells of each row of the table between two comments, or of the one with that head. */
function table(from: string): string[][] {
  const start = page.indexOf(from);
  assert.ok(start >= 0, `docs/soak.md has no ${from}`);
  const rows = page.slice(start).split('\n');
  const first = rows.findIndex((row) => row.startsWith('| -'));
  const length = rows.slice(first).findIndex((row) => !row.startsWith('|'));
  return rows.slice(first + 1, first + length).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const named = (rows: readonly string[][]): string[] => rows.map(([name = '']) => name.replaceAll('`', ''));

describe('docs/soak.md', () => {
  it('explains every invariant of the judge, and no other, in its order', () => {
    const { invariants } = judge(evidence(), limits);
    assert.deepEqual(
      named(table('<!-- the invariants -->')),
      invariants.map(({ id }) => id),
    );
  });

  it('lists the library as it is', async () => {
    const scenarios = await libraryScenarios(join(root, 'config', 'soak'), faultKinds);
    const rows = table('<!-- the library -->').map(([name = '', , ...figures]) => [
      name.replaceAll('`', ''),
      ...figures,
    ]);
    const expected = scenarios.map(({ name, agents, phases }) => [
      name,
      String(agents),
      formatDuration(total(phases)),
      String(new Set(phases.flatMap(({ faults }) => faults.map(({ kind }) => kind))).size),
    ]);
    assert.deepEqual(rows, expected);
  });

  it('has every option of run', () => {
    const ofRun = usage.slice(usage.indexOf('\nrun:'), usage.indexOf('\ncompare:'));
    const options = [...ofRun.matchAll(/^ +(--[a-z-]+)/gm)].map(([, option = '']) => option);
    const described = named(table('### Every option')).map((name) => name.split(' ')[0] ?? '');
    assert.deepEqual(sorted(described), sorted(options));
  });

  it('has every exit status', () => {
    const codes = usage.slice(usage.indexOf('Exit status:')).match(/\b\d+\b/g) ?? [];
    assert.deepEqual(named(table('| exit status')), codes);
  });

  it('shows a scenario that can be used, with every key', () => {
    const scenario = parseScenario(yamlExample(), 'docs/soak.md', faultKinds);
    const limitKeys = Object.keys(scenario.limits);
    assert.deepEqual(sorted(limitKeys), sorted([...Object.keys(limits), 'attemptsPerAgentMinute']));
    for (const key of ['seed', 'agents', 'hubs', 'identities', 'load', 'phases', 'calm', 'limits', 'config'])
      assert.match(yamlExample(), new RegExp(`^${key}:`, 'm'));
  });

  it('knows what a limit is unless a scenario says', () => {
    const defaults = table('<!-- the defaults of limits -->').map(([key = '', value = '']) => [
      key.replaceAll('`', ''),
      value,
    ]);
    const nested = defaults.flatMap(([key = '', value = '']) => {
      const [, quantile] = key.split('.');
      return quantile === undefined ? [] : [`${quantile}: ${value}`];
    });
    const flat = defaults.filter(([key = '']) => !key.includes('.')).map((pair) => `  ${pair.join(': ')}`);
    const least = 'name: least\nphases: [{ name: only, duration: 1m }]\n';
    const said = `${least}limits:\n  recovery: { ${nested.join(', ')} }\n${flat.join('\n')}\n`;
    const { limits: expected } = parseScenario(least, 'least.yaml', faultKinds);
    assert.deepEqual(parseScenario(said, 'said.yaml', faultKinds).limits, expected);
    assert.equal(defaults.length, Object.keys(expected).length + 2);
  });

  it('gives commands that the soak takes', () => {
    const lines = [
      ...[...page.matchAll(/^node dist\/dps-agent-soak\.cjs (.*)$/gm)].map(([, line = '']) => line),
      ...[...page.matchAll(/^npm run soak -- (.*)$/gm)].map(([, options = '']) => `run ${options}`),
    ];
    assert.ok(lines.length > 6);
    for (const line of lines) assert.notEqual(parseCommandLine(line.split(' ')).verb, 'help', line);
  });

  it('starts what compose.yaml says it does', async () => {
    const compose = await readFile(join(root, 'compose.yaml'), 'utf8');
    const commands = [...page.matchAll(/^docker compose .*$/gm)].map(([command]) => command);
    assert.ok(commands.length > 0);
    for (const command of commands) assert.ok(compose.includes(command), command);
  });
});

function yamlExample(): string {
  return /```yaml\n([^]*?)```/.exec(page)?.[1] ?? '';
}

function sorted(names: readonly string[]): string[] {
  return [...names].sort();
}
