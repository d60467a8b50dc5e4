import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultDeadlineMs } from '../../../src/checks/check.ts';
import { wholeDeadlineMs } from '../../../src/checks/run-checks.ts';
import { allChecks } from '../../../src/checks/table.ts';

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

  it('gives no check more time than all of them have together', () => {
    for (const { id, deadlineMs = defaultDeadlineMs } of allChecks)
      assert.ok(deadlineMs < wholeDeadlineMs, id);
  });
});
