import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { BundleManifest } from '../../src/uploads/bundle.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { valueAt } from '../../src/twin/properties.ts';
import { invoke } from '../integration/methods/rig.ts';
import { quickRetries } from '../support/agent.ts';
import { agentProgram, startAgentProcess } from '../support/agent-process.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { Scratch } from '../support/scratch.ts';
import { enrollWithKey, simulatorFor } from '../support/simulator.ts';
import { dpsAgent } from './cli-program.ts';
import type { Ran } from './cli-program.ts';

const run = promisify(execFile);
const password = 'a pass"word of the broker';

interface Opened {
  readonly files: ReadonlyMap<string, string>;
  readonly manifest: BundleManifest & { readonly madeBy: string };
}

interface Started {
  readonly agent: AgentProcess;
  readonly simulator: Simulator;
  readonly stateDirectory: string;
  readonly key: string;
}

describe('support-bundle', () => {
  let scratch: Scratch;
  let folder: string;
  let bundle: string;

  beforeEach(async () => {
    scratch = new Scratch();
    folder = await scratch.folder();
    bundle = join(folder, 'bundle.tar.gz');
  });

  afterEach(() => scratch.clean());

  /** An agent whose configuration has a key and a password, and the key. */
  async function startAgent(): Promise<Started> {
    const simulator: Simulator = await simulatorFor(scratch);
    const attestation = enrollWithKey(simulator, 'gateway');
    const stateDirectory = join(folder, 'state');
    await mkdir(stateDirectory, { mode: 0o700 });
    const broker = `{name: broker, type: mqtt, url: 'mqtt://127.0.0.1:9', topics: [{filter: a}], username: me, password: '${password}'}`;
    const sections = [
      quickRetries,
      `state_directory: ${stateDirectory}`,
      `telemetry: {inputs: [{name: local, type: socket}, ${broker}]}`,
    ];
    const agent = await startAgentProcess({ scratch, simulator, attestation, stateDirectory, sections });
    await agent.log.untilState('connected');
    return { agent, simulator, stateDirectory, key: String(attestation['symmetric_key']) };
  }

  function make(config: string, ...options: string[]): Promise<Ran> {
    return dpsAgent(['support-bundle', '--config', config, '--file', bundle, '--offline', ...options]);
  }

  /** With the system's own tar. */
  async function open(): Promise<Opened> {
    const inside = join(folder, 'opened');
    await mkdir(inside);
    await run('tar', ['-xzf', bundle, '-C', inside]);
    const files = new Map<string, string>();
    for (const name of await readdir(join(inside, 'dps-agent-support')))
      files.set(name, await readFile(join(inside, 'dps-agent-support', name), 'utf8'));
    return { files, manifest: JSON.parse(files.get('manifest.json') ?? '') as Opened['manifest'] };
  }

  function assertWithout({ files }: Opened, secrets: readonly string[]): void {
    for (const [name, text] of files)
      for (const secret of secrets)
        for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
          assert.ok(!text.includes(form), `${name} has ${form}`);
  }

  it('has all that a running agent can say, readable by its owner only, and no secret', async () => {
    const { agent, key } = await startAgent();
    const { code, stdout, stderr } = await make(agent.config);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /bundle\.tar\.gz: \d+ bytes, \d+ files and a manifest/);
    assert.equal((await stat(bundle)).mode & 0o777, 0o600);
    const opened = await open();
    const { files, manifest } = opened;
    const pid = agent.child.pid;
    assert.equal(
      (JSON.parse(files.get('status.json') ?? '') as { agent: object & { pid: number } }).agent.pid,
      pid,
    );
    assert.match(files.get('logs.ndjson') ?? '', /"state":"connected"/);
    assert.match(files.get('metrics.txt') ?? '', /^dps_agent_/m);
    assert.match(files.get('metrics-history.csv') ?? '', /^time,/);
    assert.match(files.get('check.txt') ?? '', /^ok +config /m);
    assert.match(files.get('effective-config.txt') ?? '', /symmetric_key +\*\*\*/);
    assert.match(files.get('state-directory.txt') ?? '', /^d 0700 .*"\."$/m);
    assert.match(files.get('network.txt') ?? '', /^== \/etc\/resolv\.conf$/m);
    assert.equal(manifest.madeBy, 'dps-agent support-bundle');
    assertWithout(opened, [key, password]);
  });

  it('takes secrets out of what is said elsewhere, and counts them', async () => {
    const { agent, stateDirectory, key } = await startAgent();
    // Whoever names a file so is not the agent; a listing tells it all the same.
    await writeFile(join(stateDirectory, encodeURIComponent(key)), '');
    assert.equal((await make(agent.config)).code, 0);
    const opened = await open();
    assertWithout(opened, [key, password]);
    const listing = opened.manifest.files.find(({ name }) => name === 'state-directory.txt');
    assert.deepEqual(listing?.redacted, { 'known secret': 1 });
    assert.ok((opened.manifest.redacted['known secret'] ?? 0) >= 1);
  });

  it('is made when the agent is down, and says what could not be had', async () => {
    const { agent, key } = await startAgent();
    agent.child.kill('SIGTERM');
    await agent.exited;
    const { code, stdout } = await make(agent.config);
    assert.equal(code, 0);
    assert.match(stdout, /without status\.json: cannot ask the agent: the agent is not running/);
    const opened = await open();
    assert.ok(opened.files.has('check.txt') && opened.files.has('state-directory.txt'));
    assert.ok(!opened.files.has('status.json'));
    assertWithout(opened, [key, password]);
  });

  it('loses one deadline to an agent that hangs', async () => {
    const { agent } = await startAgent();
    agent.child.kill('SIGSTOP');
    const startedMs = performance.now();
    const { code, stdout } = await make(agent.config);
    const tookMs = performance.now() - startedMs;
    agent.child.kill('SIGCONT');
    assert.equal(code, 0);
    assert.match(stdout, /without status\.json: cannot ask the agent at .*: no answer within 5 s/);
    assert.match(stdout, /without logs\.ndjson: .*no answer within 5 s/);
    assert.ok(tookMs < 40_000, `${tookMs} ms`);
  });

  it('is made with a configuration that cannot be read, whose secrets are taken out all the same', async () => {
    const config = join(folder, 'config.yaml');
    const state = join(folder, 'state');
    const secret = 'Correct-Horse-7';
    await mkdir(state);
    await writeFile(join(state, secret), '');
    await writeFile(config, `provisioning:\n  sauce: dps\n  symmetric_key: ${secret}\n :broken [`, {
      mode: 0o600,
    });
    const around = { env: { STATE_DIRECTORY: state } };
    const { code, stderr } = await dpsAgent(
      ['support-bundle', '--config', config, '--file', bundle, '--offline'],
      around,
    );
    assert.equal(code, 0, stderr);
    const opened = await open();
    assert.match(opened.files.get('effective-config.txt') ?? '', /^the configuration cannot be used:/);
    assert.match(opened.files.get('check.txt') ?? '', /^error +config /m);
    assertWithout(opened, [secret]);
  });

  it('is made by whoever may not read anything, of what there is left', async () => {
    const { agent } = await startAgent();
    const other = join(await scratch.folder(), 'bundle.tar.gz');
    const args = [agentProgram, 'support-bundle', '--config', agent.config, '--file', '-', '--offline'];
    // As nobody: neither the configuration nor the socket nor the state are theirs.
    const made = await run(process.execPath, args, {
      uid: 65_534,
      gid: 65_534,
      encoding: 'buffer',
      maxBuffer: 20_000_000,
    });
    await writeFile(other, made.stdout);
    assert.match(made.stderr.toString(), /^standard output: \d+ bytes/);
    const { stdout } = await run('tar', ['-tzf', other]);
    assert.match(stdout, /^dps-agent-support\/manifest\.json$/m);
  });

  it('is made by the agent itself when the cloud asks for one, with its own checks', async () => {
    const { simulator, key } = await startAgent();
    const sasUrl = simulator.blobUrl('cases/1.tar.gz');
    const { status } = await invoke(simulator, 'gateway', 'uploadSupportBundle', {
      payload: { sasUrl },
      // The agent asks for calls a moment after it has said that it is connected.
      connectTimeoutInSeconds: 30,
    });
    assert.equal(status, 202);
    const told = (): unknown =>
      valueAt(
        simulator.registry.getTwin('gateway').reported.properties,
        'uploadSupportBundle',
        'value',
        'state',
      );
    await simulator.untilTwin('gateway', () => told() === 'succeeded', AbortSignal.timeout(60_000));
    await writeFile(bundle, simulator.blobs.get('cases/1.tar.gz')?.content ?? '');
    const opened = await open();
    assert.equal(opened.manifest.madeBy, 'the running agent');
    assert.match(opened.files.get('check.txt') ?? '', /^ok +config /m);
    assertWithout(opened, [key, password]);
  });

  it('stays within the size it is given', async () => {
    const { agent } = await startAgent();
    assert.equal((await make(agent.config, '--max-size', '100KB', '--output', 'json')).code, 0);
    const { manifest } = await open();
    const bytes = manifest.files.reduce((sum, { bytes: own = 0 }) => sum + own, 0);
    assert.ok(bytes <= manifest.maxBytes);
    assert.equal(manifest.maxBytes, 100 * 1024);
    const { code, stderr } = await make(agent.config, '--max-size', '10');
    assert.equal(code, 64);
    assert.match(stderr, /cannot use --max-size 10: write a size from 100KB/);
  });
});
