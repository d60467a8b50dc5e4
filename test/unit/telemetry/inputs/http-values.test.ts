import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeError } from '../../../../src/lib/errors.ts';
import type { Extraction } from '../../../../src/telemetry/inputs/http/extraction.ts';
import { atPointer } from '../../../../src/telemetry/inputs/http/json-pointer.ts';
import { jsonValues } from '../../../../src/telemetry/inputs/http/json-values.ts';
import { parsePrometheus, parseSeries } from '../../../../src/telemetry/inputs/http/prometheus-text.ts';
import { joinedName, prometheusValues } from '../../../../src/telemetry/inputs/http/prometheus-values.ts';

const failuresOf = ({ failures }: Extraction): string[] => failures.map((error) => describeError(error));

describe('atPointer', () => {
  /** The document of RFC 6901, section 5. */
  const document: unknown = JSON.parse(
    '{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8}',
  );
  for (const [pointer, value] of [
    ['', document],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/e^f', 3],
    ['/g|h', 4],
    ['/i\\j', 5],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
  ] as const) {
    it(`${JSON.stringify(pointer)} is what RFC 6901 says`, () => {
      assert.deepEqual(atPointer(document, pointer), value);
    });
  }

  for (const pointer of [
    '/none',
    '/foo/2',
    '/foo/01',
    '/foo/-',
    '/foo/-1',
    '/foo/length',
    '/foo/0/0',
    '/x/y',
  ]) {
    it(`${pointer} leads nowhere`, () => {
      assert.equal(atPointer(document, pointer), undefined);
    });
  }

  it('does not take what JavaScript gives every object', () => {
    assert.equal(atPointer({}, '/constructor'), undefined);
    assert.equal(atPointer({}, '/__proto__'), undefined);
    assert.equal(atPointer(JSON.parse('{"__proto__": 1}'), '/__proto__'), 1);
  });

  it('puts ~01 back as ~1', () => {
    assert.equal(atPointer({ '~1': 'x' }, '/~01'), 'x');
  });
});

describe('values in JSON', () => {
  const text = '{"state":"on","sensors":[{"t":21.5,"ok":true},{"t":null}],"n":0}';

  it('are what the pointers say', () => {
    const select = { temperature: '/sensors/0/t', ok: '/sensors/0/ok', state: '/state', n: '/n' };
    assert.deepEqual(jsonValues(text, select), {
      values: { temperature: 21.5, ok: true, state: 'on', n: 0 },
      failures: [],
    });
  });

  it('are the whole answer, if it is a bare one', () => {
    assert.deepEqual(jsonValues('42', { level: '' }).values, { level: 42 });
  });

  it('say which pointer finds nothing, and cost the others nothing', () => {
    const answer = jsonValues(text, {
      a: '/sensors/2/t',
      b: '/sensors/1/t',
      c: '/sensors/0',
      d: '/sensors',
      n: '/n',
    });
    assert.deepEqual(answer.values, { n: 0 });
    assert.deepEqual(failuresOf(answer), [
      'cannot tell a: there is nothing at /sensors/2/t',
      'cannot tell b: there is null at /sensors/1/t',
      'cannot tell c: there is an object at /sensors/0: write a pointer to what is in it',
      'cannot tell d: there is a list at /sensors: write a pointer to what is in it',
    ]);
  });

  it('are all members of a flat object, but nulls', () => {
    assert.deepEqual(jsonValues('{"a":1,"b":"x","c":false,"d":null}', undefined).values, {
      a: 1,
      b: 'x',
      c: false,
    });
  });

  it('are never taken for what JavaScript does with a name', () => {
    const { values } = jsonValues('{"__proto__":1}', undefined);
    assert.equal(JSON.stringify(values), '{"__proto__":1}');
  });

  for (const [document, reason] of [
    ['<html>', /^Error: the answer is not JSON$/],
    ['', /^Error: the answer is not JSON$/],
    ['[1]', /^Error: the answer is a list, not an object: write select$/],
    ['"on"', /^Error: the answer is a text, not an object: write select$/],
    ['null', /^Error: the answer is null, not an object: write select$/],
    ['{"a":1,"b":{"c":2}}', /^Error: "b" is an object, which is no value: write select$/],
    ['{"a":[1]}', /^Error: "a" is a list, which is no value: write select$/],
    ['{"a":1e999}', /^Error: "a" is a number beyond what can be held/],
    ['{"a":null}', /^Error: the answer has no values$/],
  ] as const) {
    it(`are not in ${JSON.stringify(document)}`, () => {
      assert.throws(() => jsonValues(document, undefined), reason);
    });
  }

  it('are at most 200', () => {
    const members = (count: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [`v${index}`, index])));
    assert.equal(Object.keys(jsonValues(members(200), undefined).values).length, 200);
    assert.throws(() => jsonValues(members(201), undefined), /more than 200 values: write select/);
  });
});

/** As a server of Prometheus' own client library writes it. */
const exposition = `# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf -3982045
no_number NaN
# TYPE temperature_celsius gauge
temperature_celsius{ room = "attic" , } -4.5
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320
# TYPE rpc_duration_seconds summary
rpc_duration_seconds{quantile="0.5"} 4773
rpc_duration_seconds_sum 1.7560473e+07
rpc_duration_seconds_count 2693
# EOF`;

describe('parsePrometheus', () => {
  it('reads labels with all that is escaped in them', () => {
    const sample = parsePrometheus(exposition).find(({ metric }) => metric.startsWith('msdos'));
    assert.deepEqual(
      [...(sample?.labels ?? [])],
      [
        ['path', 'C:\\DIR\\FILE.TXT'],
        ['error', 'Cannot find file:\n"FILE.TXT"'],
      ],
    );
    assert.equal(sample?.value, 1_458_255_915);
  });

  it('takes braces, commas and number signs in a label for what they are', () => {
    const [sample] = parsePrometheus('a{b="x} 1 {y, # z"} 2');
    assert.deepEqual([sample?.labels.get('b'), sample?.value], ['x} 1 {y, # z', 2]);
  });

  it('knows the family of each sample', () => {
    const types = new Map(parsePrometheus(exposition).map(({ metric, type }) => [metric, type]));
    assert.equal(types.get('http_requests_total'), 'counter');
    assert.equal(types.get('metric_without_timestamp_and_labels'), 'untyped');
    assert.equal(types.get('http_request_duration_seconds_bucket'), 'histogram');
    assert.equal(types.get('rpc_duration_seconds_count'), 'summary');
  });

  it('reads line ends of Windows', () => {
    assert.equal(parsePrometheus('# TYPE a gauge\r\na 1\r\n')[0]?.type, 'gauge');
  });

  for (const line of [
    '<html>',
    'a',
    'a one',
    'a 0x10',
    'a 1 2 3',
    'a 1 now',
    'a{b=1} 1',
    'a{b="1} 1',
    'a{b="1"',
    'a{b="1" c="2"} 1',
    '{b="1"} 1',
    '1a 1',
  ]) {
    it(`refuses ${line}, and says in which line it stands`, () => {
      assert.throws(
        () => parsePrometheus(`# all well\nok 1\n${line}\n`),
        /^Error: line 3 of the answer is not/,
      );
    });
  }

  it('does not take long over a long line that is none', () => {
    const began = performance.now();
    assert.throws(() => parsePrometheus(`a{${'b="\\\\",'.repeat(40_000)}`), /line 1/);
    assert.ok(performance.now() - began < 2_000);
  });
});

describe('parseSeries', () => {
  it('reads a metric alone, or with labels', () => {
    assert.deepEqual(parseSeries('up'), { metric: 'up', labels: new Map() });
    assert.deepEqual(parseSeries('up{job="a"}'), { metric: 'up', labels: new Map([['job', 'a']]) });
  });

  it('refuses what has more to it', () => {
    assert.equal(parseSeries('up 1'), undefined);
    assert.equal(parseSeries('up{job="a"} 1'), undefined);
  });
});

describe('values in Prometheus text', () => {
  it('are every counter and gauge that is a number, named by metric and labels', () => {
    assert.deepEqual(prometheusValues(exposition, undefined), {
      values: {
        http_requests_total_code_200_method_post: 1027,
        http_requests_total_code_400_method_post: 3,
        msdos_file_access_time_seconds_error_Cannot_find_file___FILE_TXT__path_C__DIR_FILE_TXT: 1_458_255_915,
        metric_without_timestamp_and_labels: 12.47,
        temperature_celsius_room_attic: -4.5,
      },
      failures: [],
    });
  });

  it('are those that are selected, by as many labels as it takes', () => {
    const select = {
      posts: 'http_requests_total{code="200"}',
      attic: 'temperature_celsius',
      half: 'rpc_duration_seconds{quantile="0.5"}',
      file: 'msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT"}',
    };
    assert.deepEqual(prometheusValues(exposition, select).values, {
      posts: 1027,
      attic: -4.5,
      half: 4773,
      file: 1_458_255_915,
    });
  });

  it('say what is not there, is there twice, or is no number', () => {
    const answer = prometheusValues(exposition, {
      a: 'process_open_fds',
      b: 'http_requests_total{method="post"}',
      c: 'something_weird',
      d: 'http_requests_total{method="get"}',
      e: 'metric_without_timestamp_and_labels',
    });
    assert.deepEqual(answer.values, { e: 12.47 });
    assert.deepEqual(failuresOf(answer), [
      'cannot tell a: there is no process_open_fds',
      'cannot tell b: there are 2 of http_requests_total{method="post"}: name more of its labels',
      'cannot tell c: something_weird is Infinity',
      'cannot tell d: there is no http_requests_total{method="get"}',
    ]);
  });

  it('are never two under one name', () => {
    assert.throws(
      () => prometheusValues('a{b="x-y"} 1\na{b="x.y"} 2', undefined),
      /several values of a would be called a_b_x_y: write select/,
    );
    assert.throws(() => prometheusValues('a 1\na 2', undefined), /several values of a would be called a: /);
  });

  it('are at most 200', () => {
    const lines = (count: number): string =>
      Array.from({ length: count }, (_, index) => `m{i="${index}"} 1`).join('\n');
    assert.equal(Object.keys(prometheusValues(lines(200), undefined).values).length, 200);
    assert.throws(
      () => prometheusValues(lines(201), undefined),
      /has 201 values, and at most 200 are taken: write/,
    );
  });

  it('are not in an exposition of histograms, or in none at all', () => {
    assert.throws(() => prometheusValues('', undefined), /no counters and no gauges/);
    assert.throws(
      () => prometheusValues('# TYPE h histogram\nh_sum 1\nh_count 1\n', undefined),
      /no counters and no gauges/,
    );
  });

  it('are named with their labels in alphabetical order', () => {
    const labels = new Map([
      ['z', '1'],
      ['a', 'b c'],
    ]);
    assert.equal(joinedName({ metric: 'ns:m', labels }), 'ns_m_a_b_c_z_1');
  });
});
