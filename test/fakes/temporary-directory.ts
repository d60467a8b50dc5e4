import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** An empty directory of the test's own, removed with all that is in it when the test is over. */
export async function temporaryDirectory(test: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dps-agent-test-'));
  test.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
