import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogWatch } from '../../../../src/soak/fleet/log-watch.ts';
import { Observations } from '../../../../src/soak/fleet/observations.ts';

const key = Buffer.alloc(32, 7).toString('base64');
const groupKey = Buffer.alloc(32, 9).toString('base64');

function watching(): { watch: LogWatch; observations: Observations } {
  const observations = new Observations(() => 1234);
  const watch = new LogWatch({ observations, secrets: [groupKey] });
  watch.guard('soak-0001', [key]);
  return { watch, observations };
}

const logged = (fields: object): string => JSON.stringify({ level: 30, ...fields, msg: 'said' });

describe('what is read in the logs of a fleet', () => {
  it('the states of the connection, with the code of what is waited for', () => {
    const { watch, observations } = watching();
    watch.line('soak-0001', logged({ area: 'connection', state: 'connecting' }));
    watch.line('soak-0001', logged({ area: 'connection', state: 'waiting', code: 'NET-REFUSED' }));
    watch.line('soak-0001', logged({ area: 'uploads', state: 'connected' }));
    watch.line('soak-0001', logged({ area: 'connection', state: 'of grace' }));
    const waiting = { agent: 'soak-0001', atMs: 1234, state: 'waiting', code: 'NET-REFUSED' };
    assert.deepEqual(observations.current.get('soak-0001'), waiting);
    assert.deepEqual(observations.seen.states.length, 2);
  });

  for (const [what, line] of [
    ['a key', `the key is ${key}`],
    ['a key, percent-encoded', `key=${encodeURIComponent(key)}`],
    ['the key of the group', groupKey],
    ['a signature', 'SharedAccessSignature sr=hub&sig=AbCdEfGh12%3D&se=1'],
  ] as const)
    it(`${what} is found, and not kept`, () => {
      const { watch, observations } = watching();
      const kept = watch.line('soak-0001', line);
      assert.match(kept, /\[secret\]/);
      assert.ok(
        ![key, encodeURIComponent(key), groupKey, 'AbCdEfGh'].some((secret) => kept.includes(secret)),
      );
      const [finding] = observations.seen.findings;
      assert.deepEqual(finding, { kind: 'secret', agent: 'soak-0001', atMs: 1234, line: kept });
    });

  it('an agent that leaves before all of it has ended', () => {
    const { watch, observations } = watching();
    watch.line('soak-0001', '{"level":40,"msg":"not everything ended within 4500 ms: leaving it"}');
    assert.deepEqual(
      observations.seen.findings.map(({ kind }) => kind),
      ['late-end'],
    );
  });

  it('the key of one agent is looked for in its own log', () => {
    const { watch, observations } = watching();
    assert.equal(watch.line('soak-0002', key), key);
    assert.deepEqual(observations.seen.findings, []);
  });

  it('an end, an error that nobody caught and a warning of Node’s are one finding each', () => {
    const { watch, observations } = watching();
    watch.errors('soak-0001', [
      'dps-agent cannot go on: of no use',
      'Error: of no use',
      '    at run (main.ts:1:1)',
    ]);
    watch.errors('soak-0001', ['(node:7) MaxListenersExceededWarning: possible leak']);
    watch.errors('soak-0001', ['']);
    watch.line('soak-0001', logged({ err: { stack: 'Error: of no use\n    at run' } }));
    const kinds = observations.seen.findings.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['fatal', 'unhandled-error', 'unhandled-error']);
  });

  it('findings are bounded, and those beyond counted', () => {
    const { watch, observations } = watching();
    for (let count = 0; count < 510; count += 1) watch.errors('soak-0001', [`trouble ${count}`]);
    assert.equal(observations.seen.findings.length, 500);
    assert.deepEqual(observations.seen.omitted, { 'log findings': 10 });
  });
});
