import assert from 'node:assert/strict';
import process from 'node:process';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { socketPathFor, socketPathsToTry } from '../../../src/cli/socket-path.ts';

describe('the path of the local socket', () => {
  let before: string | undefined;

  beforeEach(() => {
    before = process.env['RUNTIME_DIRECTORY'];
    delete process.env['RUNTIME_DIRECTORY'];
  });

  afterEach(() => {
    if (before === undefined) delete process.env['RUNTIME_DIRECTORY'];
    else process.env['RUNTIME_DIRECTORY'] = before;
  });

  it('is in the folder that systemd made, the first of several, else beside the state', () => {
    assert.equal(socketPathFor('/state'), '/state/agent.sock');
    process.env['RUNTIME_DIRECTORY'] = '/run/one:/run/two';
    assert.equal(socketPathFor('/state'), '/run/one/agent.sock');
    assert.deepEqual(socketPathsToTry('/var/lib/dps-agent'), ['/run/one/agent.sock']);
  });

  it('is looked for at the service’s place only for the service’s state', () => {
    assert.deepEqual(socketPathsToTry('/state'), ['/state/agent.sock']);
    assert.deepEqual(socketPathsToTry('/var/lib/dps-agent'), [
      '/run/dps-agent/agent.sock',
      '/var/lib/dps-agent/agent.sock',
    ]);
  });

  it('is looked for where the configuration has it first, and at no place twice', () => {
    assert.deepEqual(socketPathsToTry('/state', '/run/own.sock'), ['/run/own.sock', '/state/agent.sock']);
    assert.deepEqual(socketPathsToTry('/state', '/state/agent.sock'), ['/state/agent.sock']);
    assert.deepEqual(socketPathsToTry('/var/lib/dps-agent', '/var/lib/dps-agent/agent.sock'), [
      '/var/lib/dps-agent/agent.sock',
      '/run/dps-agent/agent.sock',
    ]);
  });
});
