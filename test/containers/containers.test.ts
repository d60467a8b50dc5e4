import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { keepLogged, keepSecret } from '../support/test-logs.ts';
import { unusedPort } from '../support/unused-port.ts';
import { baseName, Engine, until } from './engine.ts';
import type { Outcome } from './engine.ts';

const project = join(import.meta.dirname, '..', '..');
keepSecret(readFileSync(join(project, 'deploy/compose/demo-key'), 'utf8').trim());

const controlPort = await unusedPort();
const engine = new Engine({ CONTROL_PORT: String(controlPort) });

const inspected = (image: string): Inspected => {
  const [first] = JSON.parse(engine.mustRun('podman', 'image', 'inspect', image)) as Inspected[];
  assert.ok(first);
  return first;
};

interface Inspected {
  readonly Size: number;
  readonly Config: { readonly User: string };
  readonly Healthcheck?: { readonly Test: readonly string[] };
}

before(async () => {
  engine.build('agent', 'dps-agent');
  engine.build('soak', 'dps-agent-soak');
  await engine.serve();
});
after(() => engine.close());

describe('the images, from the Dockerfile', () => {
  it('run as nobody of importance, and say how to look after them', () => {
    const { Config, Healthcheck, Size } = inspected('dps-agent');
    assert.equal(Config.User, '10001:10001');
    assert.deepEqual(Healthcheck?.Test, ['CMD', 'dps-agent', 'status', '--check']);
    console.log(
      `dps-agent: ${Math.round(Size / 1e6)} MB; the base ${Math.round(inspected(baseName).Size / 1e6)} MB`,
    );
  });

  it('have neither npm nor what it would be built with', () => {
    const run = (...command: readonly string[]): Outcome =>
      engine.run(
        'podman',
        'run',
        '--rm',
        '--no-healthcheck',
        '--entrypoint',
        'sh',
        'dps-agent',
        '-c',
        command.join(' '),
      );
    assert.equal(run('command -v npm npx corepack yarn').output.trim(), '');
    assert.match(run('ls /usr/local/lib/node_modules').output, /No such file/);
  });

  for (const program of ['dps-agent', 'dps-agent-simulator', 'dps-agent-soak'])
    it(`of which the second has ${program}`, () => {
      const args = [
        'run',
        '--rm',
        '--read-only',
        '--cap-drop',
        'all',
        'dps-agent-soak',
        program,
        '--version',
      ];
      assert.match(engine.mustRun('podman', ...args), /^\d+\.\d+\.\d+$/m);
    });
});

describe('compose.yaml: the soak', () => {
  it('runs in a container that may write nowhere but where it should, and says by its status what came of it', () => {
    const soak = ['run', '--scenario', 'smoke', '--agents', '3', '--duration', '20s', '--in-process'];
    const args = ['-p', `soak-${process.pid}`, '-f', join(project, 'compose.yaml'), '--profile', 'soak'];
    const run = [...args, 'run', '--rm', '-T', 'soak', 'dps-agent-soak', ...soak];
    const { code, output } = engine.run('docker-compose', ...run, '--out', '/var/lib/dps-agent/run');
    assert.equal(code, 0, output);
    engine.run('docker-compose', ...args, 'down', '--volumes');
  });
});

describe('compose.yaml: the demo', () => {
  const override = join(engine.folder, 'hang.yaml');
  const name = `dps-agent-${process.pid}`;
  const compose = (...args: readonly string[]): readonly string[] => [
    ...['-p', name, '-f', join(project, 'compose.yaml'), '-f', override, '--profile', 'demo', ...args],
  ];
  const agent = `${name}_agent_1`;
  const inAgent = (...args: readonly string[]): Outcome =>
    engine.run('podman', 'exec', agent, 'dps-agent', ...args);
  const isHealthy = (container: string): boolean =>
    engine.run('podman', 'healthcheck', 'run', container).code === 0;
  const health = (): string =>
    engine.mustRun('podman', 'inspect', agent, '--format', '{{.State.Health.Status}}').trim();

  before(async () => {
    // What hangs is the event loop, as by a loop that never ends; only this test's agent knows how.
    const hang = join(engine.folder, 'hang.cjs');
    writeFileSync(hang, "process.on('SIGUSR2', () => { for (;;); });\n", { mode: 0o644 });
    const service = {
      environment: { NODE_OPTIONS: '--require=/hang.cjs' },
      volumes: [`${hang}:/hang.cjs:ro`],
    };
    writeFileSync(override, JSON.stringify({ services: { agent: service } }));
    const up = engine.start('docker-compose', ...compose('up', '-d', '--no-build'));
    // Who would look by itself how a container is, is systemd, and there is none here.
    await until('the simulator is healthy', 60_000, () => isHealthy(`${name}_simulator_1`));
    const { code, output } = await up;
    assert.equal(code, 0, output);
  });
  after(() => {
    keepLogged(engine.run('podman', 'logs', agent).output);
    engine.run('docker-compose', ...compose('down', '--volumes', '--timeout', '2'));
  });

  it('connects, its root file system read only, and tells so', async () => {
    await until(
      'the agent is connected',
      60_000,
      () => stateOf(inAgent('status', '--output', 'json')) === 'connected',
    );
    assert.ok(isHealthy(agent));
    const written = engine.run('podman', 'exec', agent, 'touch', '/usr/lib/dps-agent/mine');
    assert.match(written.output, /Read-only file system/);
    await until('telemetry arrives', 30_000, async () => (await messages()).length > 0);
  });

  it('turns unhealthy when its event loop hangs, and healthy again when it is started anew', async () => {
    engine.mustRun('podman', 'kill', '--signal', 'USR2', agent);
    await until('the agent is unhealthy', 90_000, () => !isHealthy(agent) && health() === 'unhealthy');
    engine.mustRun('podman', 'restart', '--time', '1', agent);
    await until('the agent is healthy', 60_000, () => isHealthy(agent));
  });

  it('keeps its state when the container is replaced: no new registration, nothing measured is lost', async () => {
    await until(
      'the agent is connected',
      60_000,
      () => stateOf(inAgent('status', '--output', 'json')) === 'connected',
    );
    engine.mustRun('docker-compose', ...compose('stop', '--timeout', '5', 'simulator'));
    await until(
      'something waits to be sent',
      60_000,
      () => waiting(inAgent('status', '--output', 'json')) > 0,
    );
    const before = engine.mustRun('podman', 'inspect', agent, '--format', '{{.Id}}');
    engine.mustRun(
      'docker-compose',
      ...compose('up', '-d', '--no-build', '--no-deps', '--force-recreate', 'agent'),
    );
    assert.notEqual(engine.mustRun('podman', 'inspect', agent, '--format', '{{.Id}}'), before);
    await until('the agent answers', 60_000, () => isHealthy(agent));
    assert.ok(waiting(inAgent('status', '--output', 'json')) > 0);
    engine.mustRun('docker-compose', ...compose('start', 'simulator'));
    await until(
      'it is connected',
      120_000,
      () => stateOf(inAgent('status', '--output', 'json')) === 'connected',
    );
    await until('nothing waits', 60_000, () => waiting(inAgent('status', '--output', 'json')) === 0);
    const log = engine.mustRun('podman', 'logs', agent);
    assert.doesNotMatch(log, /"state":"provisioning"/);
  });

  it('ends in order when it is told to', () => {
    engine.mustRun('podman', 'stop', '--time', '10', agent);
    assert.equal(engine.mustRun('podman', 'inspect', agent, '--format', '{{.State.ExitCode}}').trim(), '0');
  });

  const messages = async (): Promise<string[]> => {
    const answer = await fetch(`http://127.0.0.1:${controlPort}/simulator/messages`);
    return (await answer.text()).split('\n').filter((line) => line !== '');
  };
});

interface Status {
  readonly state: { readonly name: string };
  readonly queue: { readonly depth: number };
}

function statusIn({ code, output }: Outcome): Status | undefined {
  return code === 0 ? (JSON.parse(output) as Status) : undefined;
}

const stateOf = (outcome: Outcome): string | undefined => statusIn(outcome)?.state.name;
const waiting = (outcome: Outcome): number => statusIn(outcome)?.queue.depth ?? 0;
