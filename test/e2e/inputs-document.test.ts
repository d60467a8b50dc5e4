import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { dump } from 'js-yaml';
import { agentProgram } from '../support/agent-process.ts';
import { Document, formOf } from '../support/document.ts';
import { Scratch } from '../support/scratch.ts';

interface Example {
  readonly config: string;
  readonly command: string;
  readonly answer: string;
}

/** Each command with the configuration before it and what it prints. */
const examples = examplesOf(new Document('inputs.md'));

describe('docs/inputs.md', () => {
  let scratch: Scratch;

  beforeEach(() => {
    scratch = new Scratch();
  });

  afterEach(() => scratch.clean());

  it('has commands to be run', () => {
    assert.ok(examples.length >= 4);
  });

  for (const [index, { config, command, answer }] of examples.entries()) {
    it(`says what is printed: example ${index + 1}`, async () => {
      const { stdout } = await promisify(execFile)('sh', ['-c', command], {
        env: { ...process.env, PATH: `${await programsIn(config)}:${process.env['PATH'] ?? ''}` },
      });
      assert.match(stdout, formOf(answer));
    });
  }

  /** A folder with a `dps-agent` that has this configuration. */
  async function programsIn(config: string): Promise<string> {
    const folder = await scratch.folder();
    const [path, program] = [join(folder, 'config.yaml'), join(folder, 'dps-agent')];
    const attestation = { method: 'symmetric_key', registration_id: 'd', symmetric_key: 'env:NO_KEY' };
    const provisioning = { source: 'dps', scope_id: '0ne0012ABCD', attestation };
    await writeFile(path, `${dump({ provisioning })}\n${config}`, { mode: 0o600 });
    await writeFile(
      program,
      `#!/bin/sh\nexec '${process.execPath}' '${agentProgram}' "$@" --config '${path}'\n`,
    );
    await chmod(program, 0o755);
    return folder;
  }
});

function examplesOf({ blocks }: Document): Example[] {
  return blocks.flatMap(({ type, text }, index) => {
    if (type !== 'sh') return [];
    const [before, after] = [blocks[index - 1], blocks[index + 1]];
    assert.deepEqual([before?.type, after?.type], ['yaml', 'text'], text);
    return [{ config: before?.text ?? '', command: text, answer: after?.text ?? '' }];
  });
}
