import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { until } from '../integration/messages/message-rig.ts';
import { spawnAgent } from '../support/agent-process.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { BareHub } from '../support/bare-hub.ts';
import { Scratch } from '../support/scratch.ts';
import { newKey } from '../support/simulator.ts';

interface Answer {
  readonly status: number;
  readonly body: string;
}

const notUtf8 = Buffer.from([0xff, 0xfe, 0x00]);

/** What the SDK would fall over (azure-node-sdk.md 5 and 6), thrown at one agent that lives through all of it. */
describe('an agent whose hub talks nonsense', () => {
  const scratch = new Scratch();
  /** How the next requests about the twin are answered; the twin itself when there is nothing here. */
  const fetches: Answer[] = [];
  const reports: Answer[] = [];
  let hub: BareHub;
  let agent: AgentProcess;
  let version = 1;
  let packetId = 0;
  let from = 0;

  before(async () => {
    hub = await BareHub.start(scratch);
    hub.onReceived = ({ topic }) => {
      answerTwin(topic);
    };
    const ca = join(await scratch.folder(), 'ca.pem');
    await writeFile(ca, hub.caPem);
    const config = [
      'provisioning:',
      '  source: manual',
      `  device_connection_string: HostName=localhost:${hub.port};DeviceId=gateway;SharedAccessKey=${newKey()}`,
      `trust_bundle_cert: file://${ca}`,
      'telemetry: {inputs: [{name: posted, type: socket}]}',
      'on_message: [{match: {property: {rule: "*"}}, command: [/bin/true]}]',
      '',
    ];
    agent = await spawnAgent(scratch, config.join('\n'));
    await hub.untilSubscribed('$iothub/methods/POST/#');
    await hub.untilSubscribed('devices/gateway/messages/devicebound/#');
    await until(() => reportsOf('agent').length > 0);
  });

  after(() => scratch.clean());

  beforeEach(() => {
    from = agent.log.lines.length;
  });

  /** Whatever it was: it is answered afterwards, by the same process, in the same session. */
  afterEach(async () => {
    await isUp();
    assert.equal(agent.child.exitCode, null);
    const connected = agent.log.lines.filter(({ state }) => state === 'connected');
    assert.equal(connected.length, 1);
  });

  function answerTwin(topic: string): void {
    const [, kind, requestId] = /^\$iothub\/twin\/(GET|PATCH)\/.*\$rid=([^&]+)/.exec(topic) ?? [];
    if (kind === undefined || requestId === undefined) return;
    const twin = { desired: { $version: version }, reported: { $version: 1 } };
    const good = kind === 'GET' ? { status: 200, body: JSON.stringify(twin) } : { status: 204, body: '' };
    const { status, body } = (kind === 'GET' ? fetches : reports).shift() ?? good;
    hub.publish(`$iothub/twin/res/${status}/?$rid=${requestId}`, body);
  }

  function reportsOf(component: string): unknown[] {
    return hub.received.flatMap(({ topic, payload }) => {
      if (!topic.startsWith('$iothub/twin/PATCH/properties/reported/')) return [];
      const patch = JSON.parse(payload.toString()) as Record<string, unknown>;
      return Object.hasOwn(patch, component) ? [patch[component]] : [];
    });
  }

  let calls = 0;
  async function isUp(): Promise<void> {
    const requestId = `up-${(calls += 1)}`;
    hub.publish(`$iothub/methods/POST/ping/?$rid=${requestId}`, '');
    const answer = await hub.untilReceived(({ topic }) => topic.endsWith(`$rid=${requestId}`));
    assert.equal(answer.topic, `$iothub/methods/res/200/?$rid=${requestId}`);
  }

  /** What it has complained of since the test began. */
  const complaints = (): string[] =>
    agent.log.lines.slice(from).flatMap(({ level, msg }) => (level >= 40 ? [msg] : []));

  async function complainsOnce(of: RegExp): Promise<void> {
    await until(() => complaints().length > 0);
    await isUp();
    assert.equal(complaints().length, 1, complaints().join('\n'));
    assert.match(complaints()[0] ?? '', of);
  }

  /** A patch after one that never came: the agent has to fetch the twin. */
  function leaveGap(): void {
    version += 2;
    hub.publish(desiredTopic(), JSON.stringify({ $version: version }));
  }

  function desire(desired: object): void {
    version += 1;
    hub.publish(desiredTopic(), JSON.stringify({ ...desired, $version: version }));
  }

  const desiredTopic = (): string => `$iothub/twin/PATCH/properties/desired/?$version=${version}`;

  for (const [what, body] of [
    ['half an object', '{"telemetry":'],
    ['nothing', ''],
    ['no UTF-8', notUtf8],
    ['a list', '[1]'],
    ['null', 'null'],
    ['no version', '{"telemetry":{"drainRate":7}}'],
    ['a version that is text', '{"$version":"7"}'],
  ] as const)
    it(`says once of a patch with ${what} that it cannot be read`, async () => {
      hub.publish(desiredTopic(), body);
      await complainsOnce(/^cannot read a message from the hub: a patch of desired properties/);
    });

  // Every other status and body: test/unit/azure/twin-topics.test.ts. Between two attempts some seconds pass.
  for (const [what, status, body] of [
    ['200 and nothing', 200, ''],
    ['200 and no desired properties', 200, '{}'],
    ['429 without a body', 429, ''],
  ] as const)
    it(`asks again for a twin that was answered with ${what}`, async () => {
      fetches.push({ status, body });
      leaveGap();
      await complainsOnce(/^HUB-TWIN: |cannot fetch the twin/);
      await agent.log.until(({ msg }) => msg.startsWith('could fetch the twin after 1'), 15_000, from);
    });

  it('reports again what was answered with 503 and no body', async () => {
    reports.push({ status: 503, body: '' });
    const before = reportsOf('telemetry').length;
    desire({ telemetry: { drainRate: 100 + version } });
    await complainsOnce(/cannot report properties/);
    await until(() => reportsOf('telemetry').length === before + 2);
    const [first, second] = reportsOf('telemetry').slice(-2);
    assert.deepEqual(first, second);
  });

  it('leaves out what was refused with 400 and no body, and reports what comes after', async () => {
    reports.push({ status: 400, body: '' });
    desire({ telemetry: { drainRate: 200 + version } });
    await complainsOnce(/telemetry\.drainRate is left out$/);
    const before = reportsOf('telemetry').length;
    desire({ telemetry: { drainRate: 300 + version } });
    await until(() => reportsOf('telemetry').length > before);
    assert.equal(complaints().length, 1);
  });

  it('refuses a value in whatever letters it comes', async () => {
    desire({ log: { level: 'größer 世界' } });
    await complainsOnce(/: log\.level must be one of .* not "größer 世界"$/);
    await until(() => reportsOf('log').length > 0);
    assert.match(JSON.stringify(reportsOf('log').at(-1)), /"ac":400/);
  });

  it('lets answers go that nobody has asked for', async () => {
    for (const topic of ['200/?$rid=nobody', '500/?$rid=', '200/', 'abc/?$rid=1', ''])
      for (const body of ['', '{', 'null', notUtf8]) hub.publish(`$iothub/twin/res/${topic}`, body);
    await isUp();
    assert.deepEqual(complaints(), []);
  });

  for (const [what, bag] of [
    ['broken percent-encoding', '%zz=%E0%A4%A&%24.mid=%'],
    ['names without values', 'bare&%24.mid&other'],
    ['values without names', '=v&=&&'],
    ['a time of expiry that is none', '%24.exp=never'],
    ['60 KB of properties', `a=${'x'.repeat(60_000)}`],
    ['names of all objects', '__proto__=1&constructor=2&toString'],
  ] as const)
    it(`handles a message with ${what}, and acknowledges it`, async () => {
      packetId += 1;
      hub.deliver(`devices/gateway/messages/devicebound/${bag}&rule`, notUtf8, packetId);
      await hub.untilAcknowledged(packetId);
      await isUp();
      assert.deepEqual(complaints(), []);
    });

  it('says once of messages without properties that no rule is for them', async () => {
    for (const topic of ['', '?', '/', '&&']) {
      packetId += 1;
      hub.deliver(`devices/gateway/messages/devicebound/${topic}`, notUtf8, packetId);
      await hub.untilAcknowledged(packetId);
    }
    await complainsOnce(/no rule of on_message/);
  });

  for (const [what, bag, body] of [
    ['whose payload is no JSON', 'method-name=ping', '{"a":'],
    ['whose payload is no UTF-8', 'method-name=ping', notUtf8],
    ['of which nobody knows', 'method-name=%zz', ''],
    ['with the name of all objects', 'method-name=__proto__', '{}'],
  ] as const)
    it(`says once of a command ${what} that it cannot be done, and acknowledges it`, async () => {
      packetId += 1;
      hub.deliver(`devices/gateway/messages/devicebound/${bag}`, body, packetId);
      await hub.untilAcknowledged(packetId);
      await complainsOnce(/./);
    });

  for (const [what, topic, body, status] of [
    ['without a name', '$iothub/methods/POST/?$rid=', '{}', 400],
    ['whose name is no percent-encoding', '$iothub/methods/POST/%zz/?$rid=', '{}', 404],
    ['whose body is no JSON', '$iothub/methods/POST/status/?$rid=', '{"a":', 400],
    ['whose body is no UTF-8', '$iothub/methods/POST/status/?$rid=', notUtf8, 400],
  ] as const)
    it(`answers a call ${what} with ${status}, and says so once`, async () => {
      const requestId = `bad-${what.replaceAll(' ', '-')}`;
      hub.publish(`${topic}${requestId}`, body);
      const answer = await hub.untilReceived(({ topic: of }) => of.endsWith(`$rid=${requestId}`));
      assert.equal(answer.topic, `$iothub/methods/res/${status}/?$rid=${requestId}`);
      await isUp();
      const said = agent.log.lines.slice(from).filter((line) => line['requestId'] === requestId);
      assert.equal(said.length, 1, JSON.stringify(said));
    });
});
