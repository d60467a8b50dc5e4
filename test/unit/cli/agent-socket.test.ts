import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { forbiddenAdvice } from '../../../src/cli/agent-socket.ts';

describe('what is said to those who may not ask the agent', () => {
  it('names root and the agent’s user where nobody else may', () => {
    assert.equal(
      forbiddenAdvice({ mode: 0o600 }, 'status'),
      ', only root and the user it runs as may: sudo dps-agent status',
    );
  });

  it('names the group that may, too', () => {
    assert.match(
      forbiddenAdvice({ mode: 0o660, group: 'sensors' }, 'status'),
      /^, only root, the user it runs as and the group sensors may: .* log in as one of the group sensors$/,
    );
    assert.match(forbiddenAdvice({ mode: 0o660 }, 'status'), /and its group may: /);
  });
});
