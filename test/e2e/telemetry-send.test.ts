import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { SendOutcome } from '../../src/cli/send-telemetry.ts';
import { isJsonObject, parseJson } from '../../src/lib/json.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { DeviceMessage } from '../../src/simulator/message.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { configFor, quickRetries } from '../support/agent.ts';
import { startAgentProcess } from '../support/agent-process.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { Scratch } from '../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../support/simulator.ts';
import { dpsAgent, followDpsAgent } from './cli-program.ts';
import type { GoingOn, Ran } from './cli-program.ts';

const posted = '{name: posted, type: socket}';
const everySecond = '{name: board, type: system, interval: 1s}';

describe('telemetry through the running agent, from the command line', () => {
  let scratch: Scratch;
  let simulator: Simulator;
  let stateDirectory: string;
  let config: string;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
    stateDirectory = join(await scratch.folder(), 'state');
    config = join(await scratch.folder(), 'config.yaml');
  });

  afterEach(() => scratch.clean());

  async function configure(inputs: readonly string[]): Promise<Parameters<typeof startAgentProcess>[0]> {
    const attestation = enrollWithKey(simulator, 'gateway');
    const telemetry = `telemetry: {inputs: [${inputs.join(', ')}]}`;
    const sections = [`state_directory: ${stateDirectory}`, quickRetries, telemetry];
    await writeFile(config, configFor({ simulator, attestation, sections }), { mode: 0o600 });
    return { scratch, simulator, attestation, stateDirectory, sections: [quickRetries, telemetry] };
  }

  async function connectedAgent(...inputs: string[]): Promise<AgentProcess> {
    const agent = await startAgentProcess(await configure(inputs));
    await agent.log.untilState('connected');
    return agent;
  }

  const send = (...args: string[]): Promise<Ran> =>
    dpsAgent(['telemetry', 'send', '--config', config, ...args]);
  const tail = (...args: string[]): GoingOn =>
    followDpsAgent(scratch, ['telemetry', 'tail', '--config', config, ...args]);

  function arrived(wanted: (message: DeviceMessage) => boolean): Promise<DeviceMessage> {
    return simulator.messages.waitFor(wanted, AbortSignal.timeout(15_000));
  }

  describe('dps-agent telemetry send', () => {
    it('hands over a reading, which arrives at the hub, and says where it is', async () => {
      await connectedAgent(posted);
      const { code, stdout, stderr } = await send('temperature=21.5', 'door=open');
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, /^1 reading taken in: (?:the hub has it|safe on the disk .*|in memory .*)\n$/);
      const { device, body } = await arrived(() => true);
      assert.equal(device, 'gateway');
      assert.deepEqual(body, { temperature: 21.5, door: 'open' });
    });

    it('tells programs what became of the readings of a file', async () => {
      await connectedAgent(posted);
      const file = join(await scratch.folder(), 'readings.json');
      await writeFile(file, '[{"n":1},{"n":2},{"n":3}]');
      const { code, stdout } = await send('--file', file, '--output', 'json');
      assert.equal(code, 0);
      const { isGood, accepted, kind, status } = JSON.parse(stdout) as SendOutcome;
      assert.deepEqual([isGood, accepted, kind, status], [true, 3, 'telemetry', 202]);
      for (const n of [1, 2, 3]) await arrived(({ body }) => isJsonObject(body) && body['n'] === n);
    });

    it('sends a file as one message, with its type, properties and priority', async () => {
      await connectedAgent(posted);
      const about = ['--content-type', 'text/markdown', '--property', 'site=oslo', '--priority', 'high'];
      const { code, stdout } = await dpsAgent(
        ['telemetry', 'send', '--config', config, '--message', '--file', '-', ...about],
        { input: '# Door\n' },
      );
      assert.equal(code, 0);
      assert.match(stdout, /^1 message taken in: /);
      const { bodyBase64 = '', systemProperties, applicationProperties } = await arrived(() => true);
      assert.equal(Buffer.from(bodyBase64, 'base64').toString(), '# Door\n');
      assert.equal(systemProperties['content-type'], 'text/markdown');
      assert.equal(applicationProperties['site'], 'oslo');
    });

    it('says which input it needs, in the words of the command line', async () => {
      await connectedAgent(posted, '{name: other, type: socket}');
      const which = await send('n=1');
      assert.deepEqual([which.code, which.stdout], [1, '']);
      assert.match(which.stderr, /cannot tell which input this is for: .*posted, other/);
      assert.equal((await send('n=1', '--input', 'other')).code, 0);
      const unknown = await send('n=1', '--input', 'third', '--output', 'json');
      assert.equal(unknown.code, 1);
      const { isGood, error } = JSON.parse(unknown.stdout) as SendOutcome;
      assert.deepEqual([isGood, error?.includes('third')], [false, true]);
    });

    it('says what to add where no input takes what is sent', async () => {
      await connectedAgent(everySecond);
      const { code, stderr } = await send('n=1');
      assert.equal(code, 1);
      assert.match(stderr, /^cannot take telemetry: no input of type socket is configured$/m);
      assert.match(stderr, /^ {6}type: socket$/m);
    });

    it('ends with status 1 when no agent runs, and says what to type', async () => {
      await configure([posted]);
      const { code, stdout, stderr } = await send('n=1');
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(
        stderr,
        /^dps-agent: cannot send telemetry: the agent is not running .*\n.*systemctl status dps-agent\n/,
      );
    });
  });

  describe('dps-agent telemetry tail', () => {
    it('shows what is sent as it is sent, and when the hub has it', async () => {
      await connectedAgent(posted, everySecond);
      const tailing = tail();
      // It reads along from now on.
      await tailing.untilLine((line) => line.includes(' board: '));
      assert.equal((await send('temperature=21.5', '--priority', 'high')).code, 0);
      const head = await tailing.untilLine((line) => line.includes(' posted: '));
      const [, number] =
        /^\d\d:\d\d:\d\d\.\d{3} #(\d+) posted: \d+ bytes, priority high, application\/json, .*ID \S+$/.exec(
          head,
        ) ?? assert.fail(head);
      assert.match(await tailing.untilLine(() => true), /^ {13}\{"temperature":21\.5\}$/);
      await tailing.untilLine((line) =>
        new RegExp(` #${number ?? ''} acknowledged after \\d+ ms$`).test(line),
      );
      tailing.child.kill('SIGINT');
      assert.equal((await tailing.ended).signal, 'SIGINT');
    });

    it('tells programs an event a line, of one input, and ends after so many', async () => {
      await connectedAgent(
        '{name: other, type: exec, command: [/bin/echo, n=1], interval: 200ms}',
        everySecond,
      );
      const args = ['telemetry', 'tail', '--config', config, '--input', 'other', '--count', '2'];
      const { code, stdout, stderr } = await dpsAgent([...args, '--output', 'json']);
      assert.deepEqual([code, stderr], [0, '']);
      const events = stdout.split('\n').flatMap((line) => {
        const event = parseJson(line);
        return isJsonObject(event) ? [event] : [];
      });
      assert.ok(events.every(({ input }) => input === 'other'));
      const of = (kind: string): JsonObject[] => events.filter(({ event }) => event === kind);
      assert.equal(of('acknowledged').length, 2);
      assert.ok(of('sent').length > 0 && of('sent').every(({ body }) => JSON.stringify(body) === '{"n":1}'));
    });

    it('ends with the agent', async () => {
      const agent = await connectedAgent(everySecond);
      const tailing = tail('--output', 'json');
      await tailing.untilLine((line) => line.includes('"sent"'));
      agent.child.kill('SIGTERM');
      assert.deepEqual(await tailing.ended, { code: 0, signal: null });
    });

    it('ends with status 1 when no agent runs', async () => {
      await configure([everySecond]);
      const { code, stdout, stderr } = await dpsAgent(['telemetry', 'tail', '--config', config]);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /^dps-agent: cannot show what is sent: the agent is not running/);
    });
  });
});
