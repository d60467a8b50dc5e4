import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as v from 'valibot';
import { destinationArgs } from '../../../src/methods/upload-arguments.ts';

const isTaken = (blobName: string): boolean => v.safeParse(v.object(destinationArgs), { blobName }).success;

describe('the name of a blob', () => {
  for (const name of ['a', 'logs/a b#c?d%e/ü.gz', '.hidden/..gz', 'a/...', 'x'.repeat(800)]) {
    it(`may be ${name.slice(0, 20)}`, () => {
      assert.ok(isTaken(name));
    });
  }

  for (const name of ['', '/a', 'a/', '.', '..', '../a', 'a/../b', 'a/./b', 'a/..', 'x'.repeat(801)]) {
    it(`may not be ${JSON.stringify(name.slice(0, 20))}, which no URL leads to, or not to it`, () => {
      assert.ok(!isTaken(name));
    });
  }
});
