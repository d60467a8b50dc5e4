import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDpsResponse } from '../../../src/azure/dps-response.ts';
import type { DpsResponse, RegistrationState } from '../../../src/azure/dps-response.ts';
import type { CloudError, FailureCode } from '../../../src/cloud-error.ts';
import { describeError } from '../../../src/lib/errors.ts';

const operationId = '4.d0a671905ea5b2c8.42d78160-4c78-479e-8be7-61d5e55dac0d';

/** An answer as it comes over the wire: the status and further keys of the query in the topic, and a body. */
function read(status: number, body: unknown, query = ''): DpsResponse | undefined {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  return parseDpsResponse(
    `$dps/registrations/res/${status}/?$rid=1${query}`,
    Buffer.from(payload),
    'register',
  );
}

function assigned(state: object): RegistrationState {
  const response = read(200, {
    operationId,
    status: 'assigned',
    registrationState: { status: 'assigned', ...state },
  });
  assert.ok(response?.kind === 'assigned', JSON.stringify(response));
  return response.state;
}

function refusal(response: DpsResponse | undefined): CloudError {
  assert.ok(response?.kind === 'refused', JSON.stringify(response));
  return response.error;
}

function assertRefused(response: DpsResponse | undefined, code: FailureCode, why: RegExp): void {
  const error = refusal(response);
  assert.equal(error.code, code);
  assert.match(describeError(error), why);
  assert.match(error.message, /^cannot register: /);
}

const retryAfter = (query: string): number | undefined => {
  const response = read(202, { operationId, status: 'assigning' }, query);
  assert.ok(response?.kind === 'assigning');
  return response.retryAfterMs;
};

describe('an answer that DPS is at it', () => {
  it('gives the operation and when to ask again', () => {
    assert.deepEqual(read(202, { operationId, status: 'assigning' }, '&retry-after=3'), {
      kind: 'assigning',
      operationId,
      retryAfterMs: 3000,
    });
  });

  it('is the same with a state, as to a poll', () => {
    const registrationState = { registrationId: 'gateway-01', status: 'assigning' };
    assert.equal(read(202, { operationId, status: 'assigning', registrationState })?.kind, 'assigning');
  });

  for (const body of [
    { status: 'assigning' },
    { status: 'assigning', operationId: '' },
    { status: 'assigning', operationId: 4 },
  ]) {
    it(`makes no sense without an operation ID: ${JSON.stringify(body)}`, () => {
      assertRefused(read(202, body), 'DPS-ANSWER', /the operation ID is missing/);
    });
  }
});

describe('when to ask again', () => {
  for (const [query, expected] of [
    ['', 2000],
    ['&retry-after=3', 3000],
    ['&Retry-After=3', 3000],
    ['&retry-after=1.5', 1500],
    ['&more=x&retry-after=3&even=y', 3000],
    ['&retry-after=0', 1000],
    ['&retry-after=0.001', 1000],
    ['&retry-after=3600', 3_600_000],
    ['&retry-after=86400', 3_600_000],
    ['&retry-after=2147484', 3_600_000],
    [`&retry-after=${'9'.repeat(400)}`, 3_600_000],
    ['&retry-after=-5', 2000],
    ['&retry-after=soon', 2000],
    ['&retry-after=3s', 2000],
    ['&retry-after=0x10', 2000],
    ['&retry-after=NaN', 2000],
    ['&retry-after=', 2000],
    ['&retry-after', 2000],
    ['&not-retry-after=9', 2000],
  ] as const) {
    it(`is ${expected} ms by ${JSON.stringify(query.slice(0, 40))}`, () => {
      assert.equal(retryAfter(query), expected);
    });
  }
});

describe('an answer with a hub', () => {
  const state = { assignedHub: 'hub.azure-devices.net', deviceId: 'gateway-01' };

  it('gives hub, device ID and substatus, of all that DPS says', () => {
    const full = assigned({
      x509: {},
      registrationId: 'gateway-01',
      createdDateTimeUtc: '2022-08-31T22:02:50.5163352Z',
      ...state,
      substatus: 'initialAssignment',
      lastUpdatedDateTimeUtc: '2022-08-31T22:02:50.7370676Z',
      etag: 'IjY5MDAzNTUyLTAwMDAtMDMwMC0wMDAwLTYzMGZkYThhMDAwMCI=',
    });
    assert.deepEqual(full, { ...state, substatus: 'initialAssignment' });
  });

  it('may have neither substatus nor payload', () => {
    assert.deepEqual(assigned(state), state);
    assert.deepEqual(assigned({ ...state, substatus: '' }), state);
  });

  it('hands the payload of a custom allocation on as UTF-8', () => {
    const payload = { site: 'Zürich', price: '5 €', sign: '🛰' };
    assert.deepEqual(assigned({ ...state, payload }).payload, payload);
  });

  for (const payload of [null, [], 'text', 0]) {
    it(`hands on a payload that is ${JSON.stringify(payload)}`, () => {
      assert.deepEqual(assigned({ ...state, payload }).payload, payload);
    });
  }

  it('may come at once, in answer to the registration itself', () => {
    assert.equal(read(200, { status: 'assigned', registrationState: state })?.kind, 'assigned');
  });

  for (const incomplete of [
    undefined,
    null,
    {},
    { ...state, assignedHub: undefined },
    { ...state, assignedHub: '' },
    { ...state, deviceId: 7 },
  ]) {
    it(`makes no sense with the state ${JSON.stringify(incomplete)}`, () => {
      const response = read(200, { operationId, status: 'assigned', registrationState: incomplete });
      assertRefused(response, 'DPS-ANSWER', /without a hub or a device ID/);
    });
  }
});

describe('an answer that the operation failed', () => {
  const failed = (registrationState: unknown): DpsResponse | undefined =>
    read(200, { operationId, status: 'failed', registrationState });

  for (const [errorCode, code, errorMessage] of [
    [400207, 'DPS-FAILED', 'Custom allocation failed with status code: 400'],
    [400208, 'DPS-FAILED', 'No hub'],
    [400209, 'DPS-FAILED', 'Waiting for approval'],
    [401002, 'DPS-401', 'CA certificate not found'],
    [404203, 'DPS-FAILED', 'Operation not found'],
    [409203, 'DPS-FAILED', 'Precondition failed'],
    [429001, 'DPS-429', 'Operations are being throttled for this tenant.'],
    [500000, 'DPS-5XX', 'Internal error'],
    [503001, 'DPS-5XX', 'Unavailable'],
  ] as const) {
    it(`is ${code} for error code ${errorCode}, which it names with its message`, () => {
      const state = { registrationId: 'gateway-01', status: 'failed', errorCode, errorMessage };
      assertRefused(failed(state), code, new RegExp(`error code ${errorCode}, ${errorMessage}$`));
    });
  }

  for (const state of [undefined, {}, { errorCode: '400207' }, { errorCode: null }]) {
    it(`is DPS-FAILED without a code to go by: ${JSON.stringify(state)}`, () => {
      assertRefused(failed(state), 'DPS-FAILED', /no reason was given$/);
    });
  }
});

describe('an answer that there is no hub to be had', () => {
  it('is DPS-DISABLED for a disabled enrollment, whose operation ID is empty', () => {
    const registrationState = { registrationId: 'gateway-01', status: 'disabled' };
    assertRefused(
      read(200, { operationId: '', status: 'disabled', registrationState }),
      'DPS-DISABLED',
      /the enrollment is disabled/,
    );
  });

  it('is DPS-UNASSIGNED for a device that has to be approved', () => {
    assertRefused(read(200, { operationId, status: 'unassigned' }), 'DPS-UNASSIGNED', /not assigned/);
  });
});

describe('an answer that the request is refused', () => {
  const body = {
    errorCode: 401002,
    trackingId: '8ad0463c-6427-4479-9dfa-3e8bb7003e9b',
    message: 'Invalid certificate',
    timestampUtc: '2019-03-15T19:43:02.7904455Z',
  };

  it('names status, error code, message and tracking ID', () => {
    assertRefused(
      read(401, body),
      'DPS-401',
      /: status 401, error code 401002, Invalid certificate, tracking ID 8ad0463c-\S*$/,
    );
  });

  for (const [status, code, kind] of [
    [300, 'DPS-REFUSED', 'rejected'],
    [400, 'DPS-400', 'rejected'],
    [401, 'DPS-401', 'rejected'],
    [403, 'DPS-403', 'rejected'],
    [404, 'DPS-404', 'rejected'],
    [409, 'DPS-REFUSED', 'rejected'],
    [412, 'DPS-REFUSED', 'rejected'],
    [429, 'DPS-429', 'transient'],
    [500, 'DPS-5XX', 'transient'],
    [502, 'DPS-5XX', 'transient'],
    [503, 'DPS-5XX', 'transient'],
    [599, 'DPS-5XX', 'transient'],
  ] as const) {
    it(`is ${code}, ${kind}, for status ${status}`, () => {
      const error = refusal(read(status, body));
      assert.deepEqual([error.code, error.kind], [code, kind]);
    });

    for (const [what, odd] of [
      ['no body', ''],
      ['a body that is no JSON', '<html>'],
      ['a list', '[]'],
      ['null', 'null'],
      ['nothing in its body', '{}'],
    ] as const) {
      it(`is ${code} for status ${status} with ${what}, too`, () => {
        assertRefused(read(status, odd), code, new RegExp(`status ${status}$`));
      });
    }
  }

  it('hands on when to come again', () => {
    assert.equal(refusal(read(429, body, '&retry-after=7')).retryAfterMs, 7000);
    assert.equal(refusal(read(503, body, '&Retry-After=90')).retryAfterMs, 90_000);
  });

  it('leaves it to the caller when to come again where DPS does not say', () => {
    assert.equal(refusal(read(429, body)).retryAfterMs, undefined);
    assert.equal(refusal(read(429, body, '&retry-after=whenever')).retryAfterMs, undefined);
  });

  it('reads the message as UTF-8', () => {
    assertRefused(read(400, { message: 'kein Gerät für 5 €' }), 'DPS-400', /kein Gerät für 5 €$/);
  });
});

describe('an answer that makes no sense', () => {
  for (const [what, body] of [
    ['no body', ''],
    ['a blank', ' '],
    ['HTML', '<html>'],
    ['half a body', '{"status":"assig'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"assigned"'],
  ] as const) {
    it(`is DPS-ANSWER with ${what}`, () => {
      assertRefused(read(200, body), 'DPS-ANSWER', /not a JSON object$/);
    });
  }

  for (const status of [undefined, null, 1, 'assigned ', 'Assigned', 'pending', {}]) {
    it(`is DPS-ANSWER with the status ${JSON.stringify(status)}, which it names`, () => {
      assertRefused(read(200, { operationId, status }), 'DPS-ANSWER', /the status is /);
    });
  }

  it('survives bytes that are no UTF-8', () => {
    const topic = '$dps/registrations/res/200/?$rid=1';
    assertRefused(parseDpsResponse(topic, Buffer.from([0xff, 0xfe, 0x00]), 'register'), 'DPS-ANSWER', /JSON/);
  });
});

describe('a message on another topic', () => {
  for (const topic of [
    '',
    '$dps/registrations/res/200',
    '$dps/registrations/res/200/$rid=1',
    '$dps/registrations/res/20/?$rid=1',
    '$dps/registrations/res/2000/?$rid=1',
    '$dps/registrations/res/abc/?$rid=1',
    '$dps/registrations/PUT/iotdps-register/?$rid=1',
    'x$dps/registrations/res/200/?$rid=1',
    '$iothub/twin/res/200/?$rid=1',
  ]) {
    it(`is none of DPS’s answers: ${JSON.stringify(topic)}`, () => {
      assert.equal(parseDpsResponse(topic, Buffer.from('{}'), 'register'), undefined);
    });
  }
});
