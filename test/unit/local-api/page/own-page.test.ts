import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, it } from 'node:test';
import { refuseOtherPages } from '../../../../src/local-api/page/own-page.ts';

const isRefused = (headers: IncomingHttpHeaders): boolean => {
  try {
    refuseOtherPages({ headers }, 'gateway');
    return false;
  } catch {
    return true;
  }
};

describe('what may ask for the status page', () => {
  const own = [
    '192.168.1.4:8088',
    '[fe80::1]:8088',
    'localhost:9000',
    'gateway',
    'Gateway.local:8088',
    'gateway.lan',
  ];
  for (const host of own)
    it(`${host} is this machine`, () => {
      assert.equal(isRefused({ host }), false);
    });

  for (const host of [
    'evil.example',
    'evil.example:8088',
    'notgateway.local',
    '',
    'gateway.local@evil.example',
  ])
    it(`${JSON.stringify(host)} is not`, () => {
      assert.equal(isRefused({ host }), true);
    });

  const host = '192.168.1.4:8088';

  it('is the page itself, a person, or a link that was followed', () => {
    assert.equal(isRefused({ host, 'sec-fetch-site': 'same-origin' }), false);
    assert.equal(isRefused({ host, 'sec-fetch-site': 'none' }), false);
    const link = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    assert.equal(isRefused({ host, ...link }), false);
  });

  it('is no other page, nor a frame or an image in one', () => {
    assert.equal(isRefused({ host, origin: 'http://evil.example' }), true);
    assert.equal(isRefused({ host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }), true);
    const frame = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'iframe',
    };
    assert.equal(isRefused({ host, ...frame }), true);
  });
});
