import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formsOf, withoutSecrets } from '../../../src/lib/without-secrets.ts';

describe('a text without secrets', () => {
  const key = Buffer.alloc(32, 7).toString('base64');
  for (const [text_, shown] of [
    ['PUT https://b/c?sv=2024&sig=a%2Bb%3D&se=1 failed', 'PUT https://b/c?sv=2024&sig=[secret]&se=1 failed'],
    [`HostName=h;DeviceId=d;SharedAccessKey=${key}`, 'HostName=h;DeviceId=d;SharedAccessKey=[secret]'],
    [`the key ${key} is wrong`, 'the key [secret] is wrong'],
    ['-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n!', '[secret]\n!'],
    ['Authorization: Bearer abc.def-ghi', 'Authorization: Bearer [secret]'],
    ['authorization: Basic YWxhZGRpbjpv', 'authorization: Basic [secret]'],
    ['a basic idea', 'a basic idea'],
    ['proxy http://me:p,w@proxy:3128/', 'proxy http://[secret]@proxy:3128/'],
    ['mqtts://token@broker', 'mqtts://[secret]@broker'],
    ['token=a,b; next', 'token=[secret]; next'],
    ['GET /x?access_token=abc&code=d%3D&unit=C', 'GET /x?access_token=[secret]&code=[secret]&unit=C'],
    [
      'curl --api-key=abc apiKey=def clientSecret=ghi',
      'curl --api-key=[secret] apiKey=[secret] clientSecret=[secret]',
    ],
    [
      '{"access_token": "abc", "clientSecret":"def"}',
      '{"access_token": "[secret]", "clientSecret":"[secret]"}',
    ],
    ['design=7 exit code=3 key=up tokens=5', 'design=7 exit code=3 key=up tokens=5'],
    ['token=[secret]', 'token=[secret]'],
    [
      'cannot read /sys/class/thermal/thermal_zone0/temp',
      'cannot read /sys/class/thermal/thermal_zone0/temp',
    ],
  ] as const) {
    it(`is ${JSON.stringify(shown)}`, () => {
      assert.equal(withoutSecrets(text_), shown);
    });
  }

  it('is found in a moment, however long it is', () => {
    const long = `${'x'.repeat(200_000)} ${'-----BEGIN '.repeat(20_000)} ${'://'.repeat(20_000)} ${'x.'.repeat(20_000)} ${'"'.repeat(20_000)} ${'"x'.repeat(20_000)}`;
    const startMs = performance.now();
    assert.equal(withoutSecrets(long), long);
    assert.ok(performance.now() - startMs < 1000);
  });

  it('does not have those it is told, nor is it torn by an empty one', () => {
    assert.equal(withoutSecrets('a hunter2 b hunter2', ['hunter2', '']), 'a [secret] b [secret]');
  });

  it('does not have what it is told in another form either', () => {
    const pem = `-----BEGIN X-----\n${'Ab1'.repeat(20)}\n-----END X-----`;
    const said = 'a "b" /c';
    const known = formsOf([said, pem]);
    const base64 = Buffer.from(said).toString('base64');
    for (const form of [
      said,
      JSON.stringify(said).slice(1, -1),
      encodeURIComponent(said),
      base64,
      'Ab1'.repeat(20),
    ])
      assert.equal(withoutSecrets(`x ${form} y`, known), 'x [secret] y');
  });

  it('does not have the longer of two, of which the other is a part', () => {
    assert.equal(withoutSecrets('say open-sesame', formsOf(['open', 'open-sesame'])), 'say [secret]');
  });
});
