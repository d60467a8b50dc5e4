import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it } from 'node:test';
import { runProgram } from '../../../src/clock-sync/run-program.ts';
import { describeError } from '../../../src/lib/errors.ts';

const node = (script: string, signal = new AbortController().signal): Promise<string> =>
  runProgram(process.execPath, ['-e', script], signal);

describe('running a program', () => {
  it('gives its output', async () => {
    assert.equal(await node('console.log("yes"); console.error("noise")'), 'yes\n');
  });

  it('rejects when it fails, with what it said', async () => {
    await assert.rejects(node('console.error("no bus"); process.exit(1)'), (error) =>
      /^cannot run .*no bus/s.test(describeError(error)),
    );
  });

  it('rejects when it is not there', async () => {
    const asked = runProgram('dps-agent-no-such-program', ['show'], new AbortController().signal);
    await assert.rejects(asked, (error) =>
      describeError(error).startsWith('cannot run dps-agent-no-such-program show: spawn'),
    );
  });

  it('kills it when the signal is aborted, though it would not end', async () => {
    const stop = new AbortController();
    const asked = node('process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)', stop.signal);
    stop.abort();
    await assert.rejects(asked, (error) => describeError(error).includes('aborted'));
  });
});
