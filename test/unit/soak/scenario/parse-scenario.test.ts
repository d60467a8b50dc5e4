import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigProblems } from '../../../../src/config/problems.ts';
import type { KnownKind } from '../../../../src/soak/scenario/fault-schema.ts';
import { parseScenario } from '../../../../src/soak/scenario/parse-scenario.ts';
import type { Scenario } from '../../../../src/soak/scenario/scenario.ts';

const kinds: readonly KnownKind[] = [
  { name: 'kill', check: () => undefined },
  {
    name: 'latency',
    check: ({ ms }) => {
      if (typeof ms !== 'number') throw new TypeError('ms must be a number');
    },
  },
];

describe('a scenario', () => {
  it('needs no more than a name and a phase: all else has its default', () => {
    assert.deepEqual(parse('name: least\nphases: [{name: only, duration: 1m}]'), {
      name: 'least',
      description: '',
      seed: 1,
      agents: 20,
      hubs: 2,
      identities: { group: 0.6, key: 0.2, x509: 0.2, proxied: 0.5 },
      config: {},
      phases: [
        {
          name: 'only',
          durationMs: 60_000,
          load: {
            messagesPerSecond: 1,
            bytes: [200, 1000],
            burst: { messages: 0, everyMs: 0 },
            twinEveryMs: 60_000,
          },
          faults: [],
        },
      ],
      calmMs: 120_000,
      limits: {
        recovery: { p50Ms: 15_000, p99Ms: 90_000, maxMs: 180_000 },
        registrationsPerMinute: 1000,
        reconnectsPerAgentHour: 2,
        duplicates: 0.05,
        memoryBytesPerAgentHour: 1024 * 1024,
        descriptorsPerAgent: 8,
        twinMs: 30_000,
        stuckMs: 300_000,
      },
    });
  });

  it('has faults once or again and again, with what their kinds take', () => {
    const [phase] = parse(
      [
        'name: faults',
        'phases:',
        '  - name: bad',
        '    duration: 10m',
        '    faults:',
        '      - {kind: latency, every: 2m, for: 30s, agents: 30%, with: {ms: 400}}',
        '      - {kind: kill, at: 5m, agents: 3}',
      ].join('\n'),
    ).phases;
    assert.deepEqual(phase?.faults, [
      {
        kind: 'latency',
        when: { everyMs: 120_000 },
        forMs: 30_000,
        agents: { share: 0.3 },
        options: { ms: 400 },
      },
      { kind: 'kill', when: { atMs: 300_000 }, forMs: 0, agents: { count: 3 }, options: {} },
    ]);
  });

  it('has a load for all phases, which one of them may have of its own', () => {
    const { phases } = parse(
      [
        'name: loads',
        'load: {messages_per_second: 0.5, bytes: 1KB, twin_every: 0s}',
        'phases:',
        '  - {name: calm, duration: 1m}',
        '  - {name: burst, duration: 1m, load: {burst: {messages: 50, every: 10s}}}',
      ].join('\n'),
    );
    assert.deepEqual(
      phases.map(({ load }) => [load.messagesPerSecond, load.bytes, load.burst.messages, load.twinEveryMs]),
      [
        [0.5, [1024, 1024], 0, 0],
        [1, [200, 1000], 50, 60_000],
      ],
    );
  });

  it('lays over the agents what their own rules allow', () => {
    const { config } = parse(
      `${least}\nconfig: {connection: {stable_after: 10s}, provisioning: {dynamic_reprovisioning: true}}`,
    );
    assert.deepEqual(Object.keys(config), ['connection', 'provisioning']);
  });
});

describe('a broken scenario', () => {
  const cases: readonly (readonly [what: string, text: string, ...problems: string[]])[] = [
    ['nothing in it', '# nothing yet\n', 's.yaml: nothing is in it'],
    ['no phases', 'name: a', 's.yaml:1:1: phases: missing: expected a list of phases'],
    ['phases that are none', 'name: a\nphases: []', 's.yaml:2:9: phases: expected one phase at least'],
    [
      'a misspelt key',
      'name: a\nfases: [{name: x, duration: 1m}]',
      's.yaml:2:1: fases: unknown key; did you mean "phases"?',
    ],
    [
      'a key of IoT Edge',
      'name: a\nagent: 20\nphases: [{name: x, duration: 1m}]',
      's.yaml:2:1: agent: unknown key; did you mean "agents"?',
    ],
    [
      'an unknown kind',
      withFault('{kind: kil, at: 0s}'),
      's.yaml:5:21: phases[0].faults[0].kind: expected kill or latency, found "kil"; did you mean "kill"?',
    ],
    [
      'a fault at no time',
      withFault('{kind: kill}'),
      's.yaml:5:14: phases[0].faults[0]: expected either at, for once, or every, for again and again',
    ],
    [
      'options that the kind refuses',
      withFault('{kind: latency, at: 0s, with: {seconds: 3}}'),
      's.yaml:5:44: phases[0].faults[0].with: does not go with latency: ms must be a number',
    ],
    [
      'a fault after its phase',
      withFault('{kind: kill, at: 2m}'),
      's.yaml:5:31: phases[0].faults[0].at: expected a moment within the phase, which lasts 60 s',
    ],
    [
      'a share that is none',
      withFault('{kind: kill, at: 0s, agents: 0.3}'),
      's.yaml:5:43: phases[0].faults[0].agents: expected how many agents, or a share of them such as 30%, found 0.3',
    ],
    [
      'a mix that does not add up',
      'name: a\nphases: [{name: x, duration: 1m}]\nidentities: {group: 50%, key: 20%}',
      's.yaml:3:13: identities: expected group, key and x509 to add up to 100%, found 70%',
    ],
    [
      'two phases of one name',
      'name: a\nphases:\n  - {name: x, duration: 1m}\n  - {name: x, duration: 1m}',
      's.yaml:4:12: phases[1].name: expected a name of its own: another phase has it',
    ],
    [
      'sizes the wrong way round',
      'name: a\nphases: [{name: x, duration: 1m}]\nload: {bytes: [2KB, 200]}',
      's.yaml:3:15: load.bytes: expected one size, or two such as [200, 2KB], the smaller first',
    ],
    [
      'a duration in no words of ours',
      'name: a\nphases: [{name: x, duration: 2 minutes}]',
      's.yaml:2:30: phases[0].duration: expected a duration such as 10s, 5m or a number of seconds, found "2 minutes"; did you mean "2m"?',
    ],
    [
      'what the agents would refuse',
      'name: a\nphases: [{name: x, duration: 1m}]\nconfig:\n  connection: {keep_alive: 1s, stabel_after: 1m}\n  proxy: http://x:1',
      's.yaml:4:28: config.connection.keep_alive: expected a duration from 5s to 1177s, found "1s"',
      's.yaml:4:32: config.connection.stabel_after: unknown key; did you mean "stable_after"?',
      's.yaml:5:3: config.proxy: is set by the soak itself: remove it',
    ],
  ];
  for (const [what, text, ...problems] of cases) {
    it(`is told what to do about ${what}`, () => {
      assert.throws(
        () => parse(text),
        (error: unknown) => {
          assert.ok(error instanceof ConfigProblems);
          assert.deepEqual(error.message.split('\n').slice(1), problems);
          return true;
        },
      );
    });
  }
});

const least = 'name: least\nphases: [{name: only, duration: 1m}]';

function parse(text: string): Scenario {
  return parseScenario(text, 's.yaml', kinds);
}

function withFault(fault: string): string {
  return `name: a\nphases:\n  - name: x\n    duration: 1m\n    faults: [${fault}]\n`;
}
