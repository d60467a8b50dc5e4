// The whole in one terminal: a simulator with two hubs, the built agent as a process of its own, telemetry arriving, and
// a desired property being changed and acknowledged. Runs until Ctrl-C, or for --seconds N.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

interface SimulatorAddress {
  readonly scopeId: string;
  readonly dps: { readonly host: string; readonly port: number };
  readonly control: string;
  readonly caFile: string;
}

interface ReceivedMessage {
  readonly hub: string;
  readonly device: string;
  readonly body: unknown;
}

interface Acknowledgement {
  readonly value: number;
  readonly ac: number;
  readonly av: number;
  readonly ad: string;
}

const dist = join(import.meta.dirname, '..', 'dist');
const device = 'demo-gateway';
const deviceKey = randomBytes(32).toString('base64');
const { values } = parseArgs({ options: { seconds: { type: 'string' } } });
const directory = await mkdtemp(join(tmpdir(), 'dps-agent-demo-'));
const children: ChildProcess[] = [];
const stop = new AbortController();
const seen = { messages: 0, acknowledgement: false };

process.on('SIGINT', () => {
  stop.abort();
});
if (values.seconds !== undefined) {
  setTimeout(
    () => {
      stop.abort();
    },
    Number(values.seconds) * 1000,
  ).unref();
}

try {
  await demo();
} finally {
  for (const child of children.reverse()) await end(child);
  await rm(directory, { recursive: true, force: true });
}
say(
  'demo',
  `${seen.messages} messages arrived; the changed interval was ${seen.acknowledgement ? '' : 'not '}acknowledged`,
);
process.exitCode = seen.messages > 0 && seen.acknowledgement ? 0 : 1;

async function demo(): Promise<void> {
  const simulator = await startSimulator();
  await enroll(simulator);
  startAgent(await writeConfig(simulator));
  await Promise.all([showMessages(simulator), changeInterval(simulator)]);
}

async function startSimulator(): Promise<SimulatorAddress> {
  const data = join(directory, 'simulator');
  const args = ['--data', data, '--port', '0', '--hubs', '2', '--control-port', '0', '--json'];
  const child = start('dps-agent-simulator', args);
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const address = JSON.parse(line) as SimulatorAddress;
  say('simulator', `DPS and two hubs are up, ID scope ${address.scopeId}, control at ${address.control}`);
  return address;
}

async function enroll(simulator: SimulatorAddress): Promise<void> {
  await control(simulator, 'PUT', `/enrollments/${device}`, {
    registrationId: device,
    attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: deviceKey, secondaryKey: deviceKey } },
  });
  say('simulator', `${device} is enrolled with a symmetric key`);
}

async function writeConfig({ scopeId, dps, caFile }: SimulatorAddress): Promise<string> {
  const path = join(directory, 'config.yaml');
  const lines = [
    'provisioning:',
    '  source: dps',
    `  global_endpoint: ${dps.host}:${dps.port}`,
    `  scope_id: ${scopeId}`,
    '  attestation:',
    '    method: symmetric_key',
    `    registration_id: ${device}`,
    `    symmetric_key: ${deviceKey}`,
    `trust_bundle_cert: file://${caFile}`,
    `state_directory: ${join(directory, 'state')}`,
    'telemetry:',
    '  inputs:',
    '    - { name: system, type: system, interval: 2s }',
    '',
  ];
  await writeFile(path, lines.join('\n'), { mode: 0o600 });
  return path;
}

function startAgent(config: string): void {
  const child = start('dps-agent', ['run', '--config', config]);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { msg } = JSON.parse(line) as { msg: string };
    say('agent', msg);
  });
  child.on('exit', (code) => {
    if (!stop.signal.aborted) {
      say('agent', `has ended by itself, exit status ${String(code)}`);
      stop.abort();
    }
  });
}

async function showMessages(simulator: SimulatorAddress): Promise<void> {
  const headers = { Accept: 'text/event-stream' };
  await untilStopped(async () => {
    const response = await fetch(`${simulator.control}/simulator/messages`, { headers, signal: stop.signal });
    for await (const { hub, device: from, body } of serverSentEvents<ReceivedMessage>(response)) {
      seen.messages += 1;
      say('hub', `${hub} ← ${from}: ${JSON.stringify(body).slice(0, 110)}…`);
    }
  });
}

/** As an operator would: a desired property by the service's own path, then a look at the reported ones. */
async function changeInterval(simulator: SimulatorAddress): Promise<void> {
  await untilStopped(async () => {
    while (seen.messages < 2) await pause(200);
    say('operator', 'asks for telemetry every second: desired {"telemetry": {"intervalSeconds": 1}}');
    await control(simulator, 'PATCH', `/twins/${device}`, {
      properties: { desired: { telemetry: { intervalSeconds: 1 } } },
    });
    let reported: Acknowledgement | undefined;
    while (reported?.value !== 1) {
      await pause(200);
      const twin = (await control(simulator, 'GET', `/twins/${device}`)) as {
        properties: { reported: { telemetry?: { intervalSeconds?: Acknowledgement } } };
      };
      reported = twin.properties.reported.telemetry?.intervalSeconds;
    }
    seen.acknowledgement = true;
    say(
      'operator',
      `sees it acknowledged: reported ${JSON.stringify({ telemetry: { intervalSeconds: reported } })}`,
    );
  });
}

async function control(
  simulator: SimulatorAddress,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const response = await fetch(`${simulator.control}${path}`, {
    method,
    headers: { 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`cannot ${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function* serverSentEvents<T>(response: Response): AsyncGenerator<T> {
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString('utf8');
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = event.split('\n').filter((line) => line.startsWith('data:'));
      if (data.length > 0) yield JSON.parse(data.map((line) => line.slice('data:'.length)).join('\n')) as T;
    }
  }
}

function start(
  program: string,
  args: string[],
): ChildProcess & { stdout: NonNullable<ChildProcess['stdout']> } {
  const child = spawn(process.execPath, [join(dist, `${program}.cjs`), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Ctrl-C is for the demo: it ends its children in order.
    detached: true,
  });
  children.push(child);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function untilStopped(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    stop.signal.throwIfAborted();
    setTimeout(resolve, ms);
    stop.signal.addEventListener('abort', reject, { once: true });
  });
}

function say(who: string, what: string): void {
  console.log(`${who.padEnd(10)} ${what}`);
}
