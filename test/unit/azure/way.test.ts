import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blocksOnlyThisWay, waysToTry } from '../../../src/azure/way.ts';
import type { Transport, Way } from '../../../src/azure/way.ts';
import { failures } from '../../../src/cloud-error.ts';
import type { FailureCode } from '../../../src/cloud-error.ts';

const hour = 3_600_000;
const now = Date.UTC(2026, 0, 1);
const plainFirst: readonly Way[] = ['mqtt', 'mqtt_ws'];
const webSocketsFirst: readonly Way[] = ['mqtt_ws', 'mqtt'];

const table: readonly (readonly [Transport, what: string, failedAt: number | undefined, readonly Way[]])[] = [
  ['mqtt', 'whatever happened', now - 1, ['mqtt']],
  ['mqtt', 'with no memory', undefined, ['mqtt']],
  ['mqtt_ws', 'whatever happened', now - 1, ['mqtt_ws']],
  ['mqtt_ws', 'with no memory', undefined, ['mqtt_ws']],
  ['auto', 'with no memory', undefined, plainFirst],
  ['auto', 'when plain MQTT has just failed', now, webSocketsFirst],
  ['auto', 'within the hour', now - hour + 1, webSocketsFirst],
  ['auto', 'after the hour', now - hour, plainFirst],
  ['auto', 'a year later', now - 365 * 24 * hour, plainFirst],
  ['auto', 'when the clock was set back', now + 1, plainFirst],
  ['auto', 'when the memory is no time', Number.NaN, plainFirst],
];

describe('the ways to try', () => {
  for (const [transport, what, failedAt, ways] of table) {
    it(`${transport} ${what}: ${ways.join(', then ')}`, () => {
      assert.deepEqual(waysToTry(transport, failedAt, now), ways);
    });
  }
});

describe('another way is tried', () => {
  const codes = Object.keys(failures) as FailureCode[];
  const expected: readonly FailureCode[] = [
    'NET-REFUSED',
    'NET-UNREACHABLE',
    'NET-TIMEOUT',
    'NET-RESET',
    'NET-WEBSOCKET',
    'TLS-HANDSHAKE',
    'PROXY-REFUSED',
  ];

  it('where one is blocked, and not for names, certificates, the proxy itself or what the service says', () => {
    assert.deepEqual(codes.filter(blocksOnlyThisWay).sort(), [...expected].sort());
  });
});
