import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseByteSize } from '../../../src/config/byte-size.ts';
import { formatDuration, parseDuration } from '../../../src/config/duration.ts';
import { parseEndpoint } from '../../../src/config/endpoint.ts';
import { parseFileUri } from '../../../src/config/file-uri.ts';
import { found, type Parsed } from '../../../src/config/found.ts';
import { parseRegistrationId } from '../../../src/config/registration-id.ts';
import { closest, editDistance } from '../../../src/config/suggest.ts';
import { parseNoProxy, proxyFault } from '../../../src/config/proxy.ts';
import { parseShare } from '../../../src/config/share.ts';
import { parseSymmetricKey } from '../../../src/config/symmetric-key.ts';
import { Secret } from '../../../src/lib/secret.ts';

describe('a duration', () => {
  const readings: [string | number, number][] = [
    ['500ms', 500],
    ['10s', 10_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['1h30m', 5_400_000],
    ['1d2h3m4s5ms', 93_784_005],
    ['0s', 0],
    [60, 60_000],
    [0.5, 500],
    ['60', 60_000],
  ];
  for (const [text, ms] of readings) {
    it(`${text} is ${ms} ms`, () => {
      assert.deepEqual(parseDuration(text), { value: ms });
    });
  }

  for (const wrong of [
    '',
    'soon',
    '1m1h',
    '1s1s',
    '-1s',
    '1.5h',
    '10 s',
    's',
    '1w',
    NaN,
    Infinity,
    null,
    true,
    {},
  ]) {
    it(`${found(wrong)} is none`, () => {
      assert.match(
        problem(parseDuration(wrong)),
        /^expected a duration such as 10s, 5m or a number of seconds, found /,
      );
    });
  }

  it('is written so that it can be read again', () => {
    for (const ms of [0, 1, 999, 1_000, 61_000, 5_400_000, 1_177_000, 93_784_005]) {
      assert.deepEqual(parseDuration(formatDuration(ms)), { value: ms });
    }
  });

  it('in words is understood, but not accepted', () => {
    assert.match(problem(parseDuration('2 Minutes')), /did you mean "2m"\?$/);
    assert.match(problem(parseDuration('1 hour 30 mins')), /did you mean "1h30m"\?$/);
  });
});

describe('a size', () => {
  const readings: [string | number, number][] = [
    ['4KB', 4096],
    ['4 KiB', 4096],
    ['256MB', 268_435_456],
    ['1.5GB', 1_610_612_736],
    ['1TB', 1_099_511_627_776],
    ['0.1KB', 102],
    ['0B', 0],
    ['100B', 100],
    ['4096', 4096],
    [4096, 4096],
    [0, 0],
  ];
  for (const [text, bytes] of readings) {
    it(`${text} is ${bytes} bytes`, () => {
      assert.deepEqual(parseByteSize(text), { value: bytes });
    });
  }

  for (const wrong of [
    '',
    'KB',
    '-1KB',
    '1PB',
    '1.5',
    '1.5B',
    '1e3',
    '4Ki',
    1.5,
    -1,
    NaN,
    2 ** 53,
    null,
    true,
    [],
  ]) {
    it(`${found(wrong)} is none`, () => {
      assert.match(problem(parseByteSize(wrong)), /^expected a size such as 256KB, 100MB or 1GB, found /);
    });
  }

  it('in other spellings is understood, but not accepted', () => {
    for (const [text, meant] of [
      ['64kb', '64KB'],
      ['1 Gb', '1GB'],
      ['256M', '256MB'],
      ['8mib', '8MB'],
      ['100 bytes', '100B'],
    ] as const)
      assert.ok(problem(parseByteSize(text)).endsWith(`; did you mean "${meant}"?`), text);
  });
});

describe('an endpoint', () => {
  const readings: [string, string, number][] = [
    ['global.azure-devices-provisioning.net', 'global.azure-devices-provisioning.net', 8883],
    ['https://Global.azure-devices-provisioning.NET/', 'global.azure-devices-provisioning.net', 8883],
    ['mqtts://localhost:18883', 'localhost', 18883],
    ['HTTPS://localhost:65535/', 'localhost', 65535],
    ['127.0.0.1:1', '127.0.0.1', 1],
    ['[::1]:8884', '::1', 8884],
    ['https://[FE80::1]', 'fe80::1', 8883],
  ];
  for (const [text, host, port] of readings) {
    it(`${text} is ${host}, port ${port}`, () => {
      assert.deepEqual(parseEndpoint(text), { value: { host, port } });
    });
  }

  const wrong = [
    '',
    'https://',
    'host:0',
    'host:65536',
    'host:',
    'host:1:2',
    'a..b',
    '-a',
    'a b',
    'user@host',
  ];
  for (const text of [
    ...wrong,
    '300.1.1.1',
    '[::1',
    '[::x]',
    '::1',
    'host/path',
    'host?x',
    'http://host',
    8883,
    null,
  ]) {
    it(`${found(text)} is none`, () => {
      assert.match(problem(parseEndpoint(text)), /^expected /);
    });
  }
});

describe('a file URI', () => {
  it('gives the path, decoded', () => {
    assert.deepEqual(parseFileUri('file:///etc/a%20b%23.pem'), { value: '/etc/a b#.pem' });
  });

  for (const text of [
    '',
    '/etc/a',
    'etc/a',
    'file:a',
    'file:/a',
    'file://a/b',
    'file:///',
    'file:///a/',
    'file:///a%2Fb',
  ]) {
    it(`is not "${text}"`, () => {
      assert.match(problem(parseFileUri(text)), /^(expected|cannot)/);
    });
  }

  it('is spelt out for a plain path', () => {
    assert.match(problem(parseFileUri('/etc/a b#.pem')), /: write file:\/\/\/etc\/a%20b%23\.pem$/);
  });

  it('cannot smuggle a NUL into a path', () => {
    assert.match(problem(parseFileUri('file:///etc/a%00.pem')), /^cannot read/);
  });
});

describe('a registration ID', () => {
  for (const id of ['a', '-', 'dev:01.a_b-', 'Device-001', 'g'.repeat(128)]) {
    it(`may be ${found(id)}`, () => {
      assert.deepEqual(parseRegistrationId(id), { value: id });
    });
  }

  for (const id of ['', 'a.', 'a_', 'a:', 'a b', 'ä', 'a/b', 'a\n', 'g'.repeat(129), 7, null]) {
    it(`may not be ${found(id)}`, () => {
      assert.match(problem(parseRegistrationId(id)), /^expected a registration ID/);
    });
  }
});

describe('a symmetric key', () => {
  for (const bytes of [16, 17, 32, 64]) {
    it(`may have ${bytes} bytes`, () => {
      const key = Buffer.alloc(bytes, 0xfb).toString('base64');
      const parsed = parseSymmetricKey(key);
      assert.deepEqual(parsed, { value: { kind: 'plain', value: new Secret(key) } });
    });
  }

  for (const bytes of [0, 1, 15, 65]) {
    it(`may not have ${bytes} bytes`, () => {
      assert.match(
        problem(parseSymmetricKey(Buffer.alloc(bytes).toString('base64'))),
        /^expected the base64 key/,
      );
    });
  }

  it('is base64, not its URL-safe form', () => {
    const key = Buffer.alloc(32, 0xfb).toString('base64url');
    assert.match(problem(parseSymmetricKey(`${key}=`)), /not base64/);
  });
});

describe('where a secret stands', () => {
  const readings: [string, object][] = [
    ['file:///run/a%20key', { kind: 'file', path: '/run/a key' }],
    ['env:DEVICE_KEY', { kind: 'env', name: 'DEVICE_KEY' }],
    ['credential:device-key.1', { kind: 'credential', name: 'device-key.1' }],
  ];
  for (const [text, source] of readings) {
    it(`may be ${text}`, () => {
      assert.deepEqual(parseSymmetricKey(text), { value: source });
    });
  }

  for (const text of [
    'file:/run/key',
    'env:',
    'env:1A',
    'env:A B',
    'credential:',
    'credential:..',
    'credential:a/b',
  ]) {
    it(`may not be ${text}`, () => {
      assert.match(problem(parseSymmetricKey(text)), /^expected /);
    });
  }
});

describe('a share of a lifetime', () => {
  const readings: [string, object][] = [
    ['80%', { percent: 80 }],
    ['0.5 %', { percent: 0.5 }],
    ['30d', { ms: 2_592_000_000 }],
    ['1s', { ms: 1000 }],
  ];
  for (const [text, share] of readings) {
    it(`may be ${text}`, () => {
      assert.deepEqual(parseShare(text), { value: share });
    });
  }

  for (const wrong of ['0%', '100%', '-1%', '%', '0s', '999ms', 'often', 80, null]) {
    it(`may not be ${found(wrong)}`, () => {
      assert.match(problem(parseShare(wrong)), /^expected /);
    });
  }
});

describe('a proxy', () => {
  for (const url of [
    'http://proxy:3128',
    'HTTP://Proxy.example:80/',
    'http://10.0.0.7:8080',
    'http://[fe80::1]:3128',
    'http://user@proxy:3128',
    'http://user:p%40ss@proxy:3128',
    'http://user:@proxy:3128',
  ]) {
    it(`may be ${url}`, () => {
      assert.equal(proxyFault(url), undefined);
    });
  }

  for (const url of [
    '',
    'proxy:3128',
    'https://proxy:3128',
    'socks5://proxy:1080',
    'http://proxy',
    'http://proxy:0',
    'http://proxy:65536',
    'http://pro xy:1',
    'http://:3128',
    'http://u:p:q@proxy:1',
    'http://u:p@q@proxy:1',
    'http://u:100%@proxy:1',
    'http://u:p q@proxy:1',
    'http://proxy:1/path',
    'http://proxy:1?x',
  ]) {
    it(`may not be "${url}"`, () => {
      assert.notEqual(proxyFault(url), undefined);
    });
  }

  it('is passed by for hosts in a list or with commas', () => {
    const names = { value: ['hub.example', '.local', '*'] };
    assert.deepEqual(parseNoProxy('Hub.example, .local,*,'), names);
    assert.deepEqual(parseNoProxy(['hub.example', '.LOCAL', '*']), names);
    assert.deepEqual(parseNoProxy(''), { value: [] });
  });
});

describe('a found value', () => {
  const readings: [unknown, string][] = [
    ['soon', '"soon"'],
    ['a\n"b"', String.raw`"a\n\"b\""`],
    ['x'.repeat(39) + '😀y', `"${'x'.repeat(39)}😀…"`],
    [12.5, '12.5'],
    [-Infinity, '-.inf'],
    [false, 'false'],
    [null, 'nothing'],
    [[1], 'a list'],
    [{ a: 1 }, 'a mapping'],
    ['HostName=h;SharedAccessKey=c2VjcmV0', 'text that may be a secret, not shown'],
    ['AAECAwQFBgcICQoLDA0ODw==', 'text that may be a secret, not shown'],
  ];
  for (const [value, text] of readings) {
    it(`is shown as ${text}`, () => {
      assert.equal(found(value), text);
    });
  }
});

describe('a suggestion', () => {
  it('is the nearest word', () => {
    assert.equal(closest('symetric_key', ['group_key', 'symmetric_key']), 'symmetric_key');
    assert.equal(closest('Scope-Id', ['source', 'scope_id']), 'scope_id');
    assert.equal(closest('err', ['warn', 'error']), 'error');
  });

  it('is not made when nothing is near', () => {
    assert.equal(closest('password', ['method', 'registration_id']), undefined);
    assert.equal(closest('x', ['dps', 'log']), undefined);
  });

  it('counts a swap of neighbours as one', () => {
    assert.equal(editDistance('kye', 'key'), 1);
    assert.equal(editDistance('', 'abc'), 3);
    assert.equal(editDistance('kitten', 'sitting'), 3);
  });
});

function problem(parsed: Parsed<unknown>): string {
  assert.ok('problem' in parsed, 'a value was accepted that should not be');
  return parsed.problem;
}
