import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { exitCodeMeanings } from '../../src/cli/help.ts';
import { manPage } from '../../src/cli/man-page.ts';
import { verbs } from '../../src/cli/verbs.ts';
import { Scratch } from '../support/scratch.ts';
import { output } from './shell.ts';

const scratch = new Scratch();
let page: string;

before(async () => {
  page = join(await scratch.folder(), 'dps-agent.1');
  await writeFile(page, manPage(verbs, '1.2.3', '2026-01-31'));
});
after(() => scratch.clean());

describe('the manual page', () => {
  it('is shown by man without a warning, with every command, option and exit status', async () => {
    const shown = (await output('man', ['--warnings', '--encoding=UTF-8', '-l', page])).replaceAll(
      /\s+/g,
      ' ',
    );
    assert.match(shown, /^DPS-AGENT\(1\) User Commands DPS-AGENT\(1\) NAME dps-agent - device-side /);
    for (const { name, options } of verbs) {
      assert.ok(shown.includes(` dps-agent ${name} `), name);
      for (const option of Object.keys(options)) assert.ok(shown.includes(` --${option} `), option);
    }
    for (const [status] of exitCodeMeanings) assert.ok(shown.includes(` ${status} `), String(status));
    assert.ok(shown.includes('dps-agent 1.2.3 2026-01-31'));
  });

  it('is found good by mandoc', async () => {
    assert.equal(await output('mandoc', ['-T', 'lint', '-W', 'warning', page]), '');
  });
});
