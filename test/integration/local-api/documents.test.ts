import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { parseConfig } from '../../../src/config/parse.ts';
import { Scratch } from '../../support/scratch.ts';
import { startApi } from './running-api.ts';
import type { RunningApi } from './running-api.ts';

const text = await readFile(join(import.meta.dirname, '../../../docs/local-api.md'), 'utf8');
const socketInText = '/run/dps-agent/agent.sock';
const portInText = 'localhost:8080';

interface Example {
  readonly command: string;
  readonly type: string;
  readonly answer: string;
  /** What the desk makes of it. */
  readonly outcome: object;
}

/** Each block of a shell with the block of its answer after it, and what must be the case, if that stands before it. */
const examples: Example[] = [
  ...text.matchAll(/(?:<!-- when (.*) -->\n\n)?```sh\n([^]*?)```\n\n```(json|text)\n([^]*?)```/g),
].map(([, outcome = '{}', command = '', type = '', answer = '']) => ({
  command,
  type,
  answer,
  outcome: JSON.parse(outcome) as object,
}));

describe('docs/local-api.md', () => {
  const scratch = new Scratch();
  let api: RunningApi;
  let folder: string;

  before(async () => {
    folder = await scratch.folder();
    api = await startApi(scratch, { tcpPort: 0 });
  });

  after(() => scratch.clean());

  it('has an answer for every command', () => {
    assert.equal(examples.length, [...text.matchAll(/^```sh$/gm)].length);
    assert.ok(examples.length >= 10);
  });

  for (const [index, { command, type, answer, outcome }] of examples.entries()) {
    it(`says what curl prints: example ${index + 1}`, async () => {
      api.desk.outcome = outcome;
      const here = command
        .replaceAll(socketInText, api.path)
        .replaceAll(portInText, `localhost:${api.tcpPort}`);
      const { stdout } = await promisify(execFile)('sh', ['-ec', here], { cwd: folder });
      if (type === 'text') assert.equal(stdout, answer);
      else assert.deepEqual(JSON.parse(stdout), JSON.parse(answer));
    });
  }

  it('shows sections that a configuration can have', () => {
    const least =
      'provisioning: {source: dps, scope_id: x, attestation: {method: symmetric_key, registration_id: x, ' +
      'symmetric_key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=}}\n';
    const sections = [...text.matchAll(/```yaml\n([^]*?)```/g)].map(([, section = '']) => section);
    assert.equal(sections.length, 4);
    for (const section of sections) parseConfig(least + section, 'local-api.md');
  });
});
