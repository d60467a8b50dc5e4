import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig } from '../../../src/config/parse.ts';
import { realWorld } from '../../../src/world.ts';
import { proxyFor } from '../../support/proxy.ts';
import { Scratch } from '../../support/scratch.ts';
import { WatchedLog } from '../../support/watched-log.ts';
import { soon } from './support.ts';

describe('how wrong the clock is', () => {
  it('is asked through the proxy, where there may be no other way out', async (t) => {
    const scratch = new Scratch();
    t.after(() => scratch.clean());
    const asked: string[] = [];
    const forbidden = (authority: string): boolean => asked.push(authority) > 0;
    const proxy = await proxyFor(scratch, { forbidden });
    const { config } = parseConfig(
      `provisioning:
  source: dps
  global_endpoint: dps.example:8883
  scope_id: 0ne00000001
  attestation: {method: symmetric_key, registration_id: gateway, symmetric_key: c2VjcmV0c2VjcmV0c2VjcmV0}
proxy: "http://127.0.0.1:${proxy.port}"
`,
      'config.yaml',
    );
    const world = await realWorld({ current: config }, new WatchedLog().log);
    assert.equal(await world.measureOffset(soon()), undefined);
    assert.deepEqual(asked, ['dps.example:443']);
  });
});
