import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { drop, leak, manyAtOnce, manyInPeace, storm, sulk } from '../../soak/planted-bugs.ts';

const sources = join(import.meta.dirname, '..', '..', '..', 'src');

/** Trying them takes minutes (`npm run soak:planted`); that they can be planted is known at once. */
describe('the bugs that are planted to try the judge', () => {
  for (const { name, file, place, instead } of [leak, drop, storm, sulk, ...manyAtOnce, ...manyInPeace]) {
    it(`have a place in the agent: "${name}"`, async () => {
      const source = await readFile(join(sources, file), 'utf8');
      assert.equal(source.split(place).length - 1, 1, `src/${file} does not have it once: ${place}`);
      assert.notEqual(instead, place);
    });
  }
});
