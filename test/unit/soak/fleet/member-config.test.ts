import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig } from '../../../../src/config/parse.ts';
import type { Config } from '../../../../src/config/schema.ts';
import { memberConfig } from '../../../../src/soak/fleet/member-config.ts';

const facts = {
  endpoint: '127.0.0.1:8883',
  scopeId: '0ne00000000',
  attestation: { method: 'symmetric_key', registration_id: 'soak-0001', symmetric_key: 'file:///run/key' },
  caFile: '/run/ca.pem',
  stateDirectory: '/run/state',
  socketPath: '/run/state/agent.sock',
};

function read(overlay: Record<string, unknown>, over: object = {}): Config {
  const { config, warnings } = parseConfig(memberConfig({ ...facts, ...over }, overlay), 'config.yaml');
  assert.deepEqual(warnings, []);
  return config;
}

describe('the config.yaml of a member of a fleet', () => {
  it('is one that the agent takes, with an input to be fed and promises that hold', () => {
    const { telemetry, localApi, stateDirectory, connection } = read({}, { proxy: 'http://127.0.0.1:3128' });
    assert.deepEqual(
      telemetry.inputs.map(({ name, type }) => [name, type]),
      [['load', 'socket']],
    );
    assert.equal(telemetry.queue.durability, 'always');
    assert.deepEqual([localApi.path, stateDirectory], ['/run/state/agent.sock', '/run/state']);
    assert.equal(connection.retry.maximumMs, 10_000);
  });

  it('has what the scenario says over what every soak sets, and keeps the rest', () => {
    const { connection } = read({ connection: { keep_alive: '20s', retry: { maximum: '5s' } } });
    assert.deepEqual([connection.keepAliveMs, connection.retry.maximumMs], [20_000, 5_000]);
    assert.equal(connection.retry.initialMs, 500);
  });

  it('with null has the product’s own defaults', () => {
    const { connection, clock } = read({ connection: null, telemetry: { queue: null } });
    assert.deepEqual([connection.keepAliveMs, connection.retry.maximumMs], [25_000, 60_000]);
    assert.equal(clock.waitForSyncMs, 0);
  });

  it('is fed beside whatever inputs the scenario has', () => {
    const { telemetry } = read({ telemetry: { inputs: [{ name: 'board', type: 'system' }] } });
    assert.deepEqual(
      telemetry.inputs.map(({ name }) => name),
      ['load', 'board'],
    );
  });
});
