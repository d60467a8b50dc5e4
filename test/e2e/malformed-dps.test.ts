import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { configFor, quickRetries } from '../support/agent.ts';
import { spawnAgent } from '../support/agent-process.ts';
import { BareHub } from '../support/bare-hub.ts';
import { Scratch } from '../support/scratch.ts';
import { newKey } from '../support/simulator.ts';

/** What DPS does upon a registration, and the code by which the agent says it. */
interface Mischief {
  readonly code: string;
  readonly answer: (hub: BareHub, requestId: string) => void;
}

function answering(code: string, status: string, body: string | Buffer): Mischief {
  return {
    code,
    answer: (hub, requestId) => {
      hub.publish(`$dps/registrations/res/${status.replace('?', `?$rid=${requestId}&`)}`, body);
    },
  };
}

const assigning = '{"operationId":"1","status":"assigning"}';

const droppedAtOnce: Mischief = {
  code: 'NET-RESET',
  answer: (hub) => {
    hub.drop();
  },
};

const droppedMeanwhile: Mischief = {
  code: 'NET-RESET',
  answer: (hub, requestId) => {
    hub.publish(`$dps/registrations/res/202/?$rid=${requestId}&retry-after=1`, assigning);
    setImmediate(() => {
      hub.drop();
    });
  },
};

/** What the SDK would fall over (azure-node-sdk.md 7). Two at a time: DPS is asked three times, and then spared. */
const mischiefs: readonly (readonly [string, ...Mischief[]])[] = [
  ['text and nothing', answering('DPS-ANSWER', '200/?', 'OK'), answering('DPS-ANSWER', '200/?', '')],
  [
    'no status and no UTF-8',
    answering('DPS-ANSWER', '200/?', '{"operationId":"1"}'),
    answering('DPS-ANSWER', '200/?', Buffer.from([0xff, 0xfe, 0x00])),
  ],
  [
    'error statuses without a body',
    answering('DPS-429', '429/?retry-after=0', ''),
    answering('DPS-5XX', '500/?', ''),
  ],
  ['the end of the connection', droppedAtOnce, droppedMeanwhile],
];

describe('an agent whose DPS talks nonsense', () => {
  for (const [what, ...given] of mischiefs)
    it(`says once each of ${what}, asks again, and takes the hub it is then given`, async (t) => {
      const scratch = new Scratch();
      t.after(() => scratch.clean());
      const hub = await BareHub.start(scratch);
      const left = [...given];
      hub.onReceived = ({ topic }) => {
        const [, kind, requestId = ''] =
          /^\$dps\/registrations\/(PUT|GET)\/.*\$rid=([^&]+)/.exec(topic) ?? [];
        if (kind === 'GET') {
          const registrationState = {
            ...{ registrationId: 'gateway', assignedHub: `localhost:${hub.port}`, deviceId: 'gateway' },
            ...{ status: 'assigned', payload: { city: 'Zürich €' } },
          };
          const body = JSON.stringify({ operationId: '1', status: 'assigned', registrationState });
          hub.publish(`$dps/registrations/res/200/?$rid=${requestId}`, body);
        }
        if (kind !== 'PUT') return;
        const next = left.shift() ?? answering('', '202/?retry-after=soon', assigning);
        next.answer(hub, requestId);
      };
      const caFile = join(await scratch.folder(), 'ca.pem');
      await writeFile(caFile, hub.caPem);
      const config = configFor({
        simulator: { scopeId: '0ne00000001', dps: { host: 'localhost', port: hub.port }, caFile },
        attestation: { method: 'symmetric_key', registration_id: 'gateway', symmetric_key: newKey() },
        sections: [quickRetries, 'telemetry: {inputs: [{name: posted, type: socket}]}'],
      });
      const { log, child } = await spawnAgent(scratch, config);
      await log.untilState('connected', 30_000);
      assert.equal(child.exitCode, null);
      const failures = log.lines.filter(({ level, code }) => level >= 40 && code !== undefined);
      assert.deepEqual(
        failures.map(({ code }) => code),
        given.map(({ code }) => code),
        failures.map(({ msg }) => msg).join('\n'),
      );
    });
});
