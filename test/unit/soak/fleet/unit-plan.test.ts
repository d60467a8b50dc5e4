import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packagedFlags } from '../../../../src/soak/fleet/unit-plan.ts';

describe('how the processes of a fleet are started', () => {
  it('with the flags that the package starts the agent with', async () => {
    const script = join(import.meta.dirname, '../../../../packaging/debian/dps-agent.sh');
    const text = await readFile(script, 'utf8');
    assert.deepEqual(text.match(/--[a-z][\w-]*=\w+/g), packagedFlags);
  });
});
