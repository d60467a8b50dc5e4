import assert from 'node:assert/strict';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { until } from '../integration/messages/message-rig.ts';
import { quickRetries } from '../support/agent.ts';
import { startAgentProcess } from '../support/agent-process.ts';
import { Scratch } from '../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../support/simulator.ts';

describe('cloud-to-device messages and an agent that is killed', () => {
  let scratch: Scratch;

  beforeEach(() => {
    scratch = new Scratch();
  });

  afterEach(() => scratch.clean());

  it('are handled once each, if they had been taken and not begun', async () => {
    const simulator = await simulatorFor(scratch);
    const attestation = enrollWithKey(simulator, 'gateway');
    const folder = await scratch.folder();
    const [handled, begun, go] = [
      join(folder, 'handled'),
      join(folder, 'begun'),
      join(folder, 'go'),
    ] as const;
    // The first message holds the others up until the agent is killed; what is left of its program then ends by itself.
    const hold = `: > ${begun}; while [ ! -e ${go} ]; do /bin/sleep 0.05; done; exit 1`;
    const script = `body=$(/bin/cat); if [ $body = first ] && [ ! -e ${go} ]; then ${hold}; fi; echo $body >> ${handled}`;
    const rules = `on_message: [{command: [/bin/sh, -c, ${JSON.stringify(script)}]}]`;
    const stateDirectory = join(folder, 'state');
    const options = { scratch, simulator, attestation, sections: [quickRetries, rules], stateDirectory };

    const first = await startAgentProcess(options);
    await first.log.untilState('connected');
    const bodies = ['first', ...Array.from({ length: 20 }, (_, index) => `n${index}`)];
    for (const body of bodies) simulator.sendCloudToDevice('gateway', { body });
    const { store } = simulator.registry.hubOf('gateway');
    await until(() => store.deliverable('gateway').length === 0);
    await until(() => exists(begun));
    first.child.kill('SIGKILL');
    await first.exited;
    assert.ok(!(await exists(handled)), 'nothing was to be handled yet');

    await writeFile(go, '');
    await startAgentProcess(options);
    const lines = async (): Promise<string[]> => {
      const text = await readFile(handled, 'utf8').catch(() => '');
      return text.split('\n').slice(0, -1);
    };
    await until(async () => (await lines()).length >= bodies.length);
    assert.deepEqual(await lines(), bodies);
  });
});

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
