import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/config/valid');

async function load(name: string): Promise<Config> {
  return (await loadConfig(join(fixtures, `${name}.yaml`))).config;
}

describe('local_api', () => {
  it('is for the agent’s own user where nothing else is said', async () => {
    const { localApi, telemetry } = await load('socket-alone');
    assert.deepEqual(localApi, { mode: 0o600 });
    assert.deepEqual(
      telemetry.inputs.map(({ name, type }) => [name, type]),
      [['local', 'socket']],
    );
  });

  it('lets a group in by naming it', async () => {
    assert.deepEqual((await load('local-api-group')).localApi, {
      path: '/run/dps-agent/agent.sock',
      mode: 0o660,
      group: 'operators',
      tcpPort: 8080,
    });
  });

  it('takes a mode without its quotes for what it looks like', async () => {
    assert.deepEqual((await load('local-api-mode-unquoted')).localApi, { mode: 0o660 });
  });

  it('has the status page where it is said to be, with its password', async () => {
    assert.deepEqual((await load('local-api-page')).localApi.page, {
      listen: { address: '::', port: 8088 },
      password: { kind: 'file', path: '/etc/dps-agent/page-password' },
    });
  });
});
