import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { shellWord } from '../../../src/lib/shell-word.ts';

describe('shellWord', () => {
  it('leaves alone what needs no quotes', () => {
    assert.equal(shellWord('/etc/dps-agent/config.yaml'), '/etc/dps-agent/config.yaml');
  });

  it('is one word to a shell, whatever is in it', () => {
    for (const text of ['', "it's here", '$HOME `id` "x"', 'a\nb', '~', '*'])
      assert.equal(execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' }), text);
  });
});
