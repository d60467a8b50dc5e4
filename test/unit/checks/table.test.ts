import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultDeadlineMs } from '../../../src/checks/check.ts';
import { wholeDeadlineMs } from '../../../src/checks/run-checks.ts';
import { allChecks } from '../../../src/checks/table.ts';
import { verbs } from '../../../src/cli/verbs.ts';

describe('the table of checks', () => {
  it('has each ID once, in words with hyphens', () => {
    const ids = allChecks.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, /^[a-z]+(?:-[a-z]+)*$/);
  });

  it('has every check behind those that it waits for', () => {
    const known = new Set<string>();
    for (const { id, needs = [], after = [] } of allChecks) {
      for (const other of [...needs, ...after]) assert.ok(known.has(other), `${id} waits for ${other}`);
      known.add(id);
    }
  });

  it('has for each something to type, of this program or of Debian', () => {
    const programs =
      /^(?:dps-agent|journalctl|systemctl|systemd-analyze|timedatectl|resolvectl|ip|df|lsblk) ?/;
    for (const { id, command } of allChecks) assert.match(command, programs, id);
  });

  it('names in them only verbs that there are', () => {
    const names = verbs.map(({ name }) => name);
    for (const { id, command } of allChecks) {
      if (!command.startsWith('dps-agent ')) continue;
      const [, words = ''] = /^dps-agent ([a-z ]+?)(?: --.*)?$/.exec(command) ?? [];
      assert.ok(names.includes(words), `${id}: ${command}`);
    }
  });

  it('gives no check more time than all of them have together', () => {
    for (const { id, deadlineMs = defaultDeadlineMs } of allChecks)
      assert.ok(deadlineMs < wholeDeadlineMs, id);
  });
});
