import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fitted } from '../../../src/cli/watch-status.ts';

describe('the status, watched in a window that is too small for it', () => {
  const text = 'agent  0.1.0\n\u001b[32mstate  connected\u001b[39m\nhub    a.example\nqueue  empty\n';

  it('is whole where there is a row left for the cursor', () => {
    assert.equal(fitted(text, 80, 5), text);
    assert.equal(fitted(text, 0, 0), text);
  });

  it('has its beginning, and says how much is left out', () => {
    assert.equal(
      fitted(text, 80, 4),
      'agent  0.1.0\n\u001b[32mstate  connected\u001b[39m\n… 2 more lines, for a larger window\n',
    );
  });

  it('counts a line that is broken for as many as it takes, and no colours', () => {
    assert.equal(fitted(text, 16, 5), text);
    assert.equal(fitted(text, 8, 6), 'agent  0.1.0\n\u001b[32mstate  connected\u001b[39m\n… 2 more\n');
    assert.equal(fitted(text, 8, 1), '… 4 more\n');
  });
});
