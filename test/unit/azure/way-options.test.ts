import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { wayOptions } from '../../../src/azure/way-options.ts';
import type { WayOptions } from '../../../src/azure/way-options.ts';
import { CloudError } from '../../../src/cloud-error.ts';
import { describeError } from '../../../src/lib/errors.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { Secrets } from '../../../src/provisioning/secrets.ts';

const secrets = new Secrets({
  env: { PROXY: 'http://gw:pass@file-proxy:3128' },
  credentialsDirectory: undefined,
});
const plain = (url: string) => ({ kind: 'plain', value: new Secret(url) }) as const;

type Env = Readonly<Record<string, string>>;
type Given = Parameters<typeof wayOptions>[0];

const options = (given: Partial<Given>, env: Env = {}): WayOptions =>
  wayOptions({ connection: { transport: 'auto' }, noProxy: [], ...given }, secrets, env);

async function proxyOf(given: Partial<Given>, env: Env = {}): Promise<readonly unknown[]> {
  const proxy = await options(given, env).proxy?.();
  return [proxy?.host, proxy?.port, proxy?.authorization?.reveal()];
}

describe('the way as configured', () => {
  it('has no proxy unless there is one', () => {
    assert.equal(options({}).proxy, undefined);
    assert.equal(options({}, { https_proxy: '' }).proxy, undefined);
  });

  it('takes the proxy from the configuration, or from where that refers to', async () => {
    assert.deepEqual(await proxyOf({ proxy: plain('http://proxy:8080') }), ['proxy', 8080, undefined]);
    const referred = { proxy: { kind: 'env', name: 'PROXY' } } as const;
    assert.deepEqual(await proxyOf(referred), ['file-proxy', 3128, 'gw:pass']);
  });

  it('takes the environment’s where the configuration has none: lower case first, with or without http://', async () => {
    assert.deepEqual(await proxyOf({}, { https_proxy: 'one:81', HTTPS_PROXY: 'http://two:82' }), [
      'one',
      81,
      undefined,
    ]);
    assert.deepEqual(await proxyOf({}, { HTTPS_PROXY: 'http://two:82' }), ['two', 82, undefined]);
    assert.deepEqual(await proxyOf({ proxy: plain('http://own:83') }, { https_proxy: 'one:81' }), [
      'own',
      83,
      undefined,
    ]);
  });

  it('adds the environment’s no_proxy to the configuration’s', () => {
    const { noProxy } = options({ noProxy: ['hub.example'] }, { no_proxy: 'localhost, .local,' });
    assert.deepEqual(noProxy, ['hub.example', 'localhost', '.local']);
  });

  it('is by another route where transport, proxy or exceptions differ, and by the same one otherwise', () => {
    const routes = [
      options({}),
      options({ connection: { transport: 'mqtt_ws' } }),
      options({ proxy: plain('http://gw:one@proxy:8080') }),
      options({ proxy: plain('http://gw:two@proxy:8080') }),
      options({ proxy: { kind: 'env', name: 'PROXY' } }),
      options({ noProxy: ['hub.example'] }),
    ].map(({ routeId }) => routeId);
    assert.equal(new Set(routes).size, routes.length);
    const again = options({ proxy: plain('http://gw:one@proxy:8080') });
    assert.equal(again.routeId, routes[2]);
  });

  it('tells of a proxy that cannot be used without what it is', async () => {
    await assert.rejects(proxyOf({}, { https_proxy: 'socks5://gw:hunter2@proxy:1080' }), (error: unknown) => {
      assert.ok(error instanceof CloudError);
      assert.equal(error.code, 'PROXY-URL');
      assert.match(describeError(error), /cannot use https_proxy: .*expected http:\/\/host:port/);
      assert.doesNotMatch(describeError(error), /hunter2/);
      return true;
    });
  });
});
