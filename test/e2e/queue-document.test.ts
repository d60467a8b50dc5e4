import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { quickRetries } from '../support/agent.ts';
import { agentProgram, startAgentProcess } from '../support/agent-process.ts';
import { Document, formOf } from '../support/document.ts';
import { Scratch } from '../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../support/simulator.ts';

it('docs/queue.md says what a connected agent tells of its queue', async (t) => {
  const scratch = new Scratch();
  t.after(() => scratch.clean());
  const simulator = await simulatorFor(scratch);
  const [folder, stateDirectory] = [await scratch.folder(), join(await scratch.folder(), 'state')];
  const attestation = enrollWithKey(simulator, 'gateway');
  const agent = await startAgentProcess({
    ...{ scratch, simulator, attestation, stateDirectory },
    sections: [quickRetries],
  });
  await agent.log.untilState('connected');
  const program = join(folder, 'dps-agent');
  await writeFile(
    program,
    `#!/bin/sh\nexec '${process.execPath}' '${agentProgram}' "$@" --config '${agent.config}'\n`,
  );
  await chmod(program, 0o755);
  const env = {
    ...{ ...process.env, STATE_DIRECTORY: stateDirectory },
    PATH: `${folder}:${process.env['PATH'] ?? ''}`,
  };

  const { blocks } = new Document('queue.md');
  const commands = blocks.flatMap(({ type, text }, index) =>
    type === 'sh' ? [{ command: text, answer: blocks[index + 1]?.text ?? '' }] : [],
  );
  assert.ok(commands.length >= 2);
  for (const { command, answer } of commands) {
    const here = command.replaceAll('/run/dps-agent/agent.sock', join(stateDirectory, 'agent.sock'));
    const { stdout } = await promisify(execFile)('sh', ['-ec', here], { env });
    assert.match(stdout, formOf(answer), command);
  }
});
