import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectAnswerReader } from '../../../src/azure/connect-answer.ts';
import type { ConnectAnswer } from '../../../src/azure/connect-answer.ts';

const established = 'HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n';

function readIn(pieces: readonly string[]): ConnectAnswer | undefined {
  const reader = new ConnectAnswerReader();
  let answer: ConnectAnswer | undefined;
  for (const piece of pieces) {
    assert.equal(answer, undefined, 'nothing is read after the answer');
    answer = reader.take(Buffer.from(piece, 'latin1'));
  }
  return answer;
}

describe('the answer to CONNECT', () => {
  it('is read whole', () => {
    assert.deepEqual(readIn([established]), {
      status: 200,
      reason: 'Connection established',
      rest: Buffer.alloc(0),
    });
  });

  it('is read wherever it is split, and byte by byte', () => {
    for (let at = 1; at < established.length; at += 1) {
      assert.equal(readIn([established.slice(0, at), established.slice(at)])?.status, 200, `at ${at}`);
    }
    assert.equal(readIn(Array.from(established))?.status, 200);
  });

  it('is not there until its head is complete', () => {
    assert.equal(readIn([established.slice(0, -1)]), undefined);
  });

  it('leaves what follows it', () => {
    assert.equal(readIn([`${established}\x16\x03`])?.rest.toString('latin1'), '\x16\x03');
  });

  for (const [line, status, reason] of [
    ['HTTP/1.0 200', 200, ''],
    ['HTTP/1.1 407 Proxy Authentication Required', 407, 'Proxy Authentication Required'],
    ['HTTP/1.1 403 no\x1b[31mred', 403, 'no?[31mred'],
    [`HTTP/1.1 502 ${'x'.repeat(500)}`, 502, 'x'.repeat(80)],
  ] as const) {
    it(`reads ${JSON.stringify(line.slice(0, 50))}`, () => {
      const answer = readIn([`${line}\r\n\r\n`]);
      assert.deepEqual([answer?.status, answer?.reason], [status, reason]);
    });
  }

  for (const [what, pieces] of [
    ['another protocol, at its first byte', ['\x15']],
    ['another protocol, in pieces', ['HTT', 'X']],
    ['HTTP/2', ['HTTP/2 200 OK\r\n\r\n']],
    ['a status of two digits', ['HTTP/1.1 20 OK\r\n\r\n']],
    ['a status line without a status', ['HTTP/1.1 OK\r\n\r\n']],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => readIn(pieces), /the answer to CONNECT is not HTTP/);
    });
  }

  it('refuses a head that does not end, in one piece and in many', () => {
    const line = `X-Long: ${'x'.repeat(1000)}\r\n`;
    const long = `HTTP/1.1 200 OK\r\n${line.repeat(17)}`;
    assert.throws(() => readIn([`${long}\r\n`]), /longer than 16384 bytes/);
    assert.throws(
      () => readIn(['HTTP/1.1 200 OK\r\n', ...Array.from({ length: 17 }, () => line)]),
      /longer than/,
    );
  });
});
