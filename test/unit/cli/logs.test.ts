import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { painter } from '../../../src/cli/colour.ts';
import { journalLine } from '../../../src/cli/journal-line.ts';
import { logLineText } from '../../../src/cli/log-line-text.ts';
import { momentMs } from '../../../src/cli/moment-option.ts';
import { UsageError } from '../../../src/cli/usage.ts';

const plain = painter({ isTTY: false }, {});
const time = '2026-11-22T12:00:00.250Z';

describe('a line of the log, for people', () => {
  it('has time, level, area, sentence and code, and what to do', () => {
    const line = { level: 40, time, area: 'connection', code: 'NET-DNS', msg: 'cannot connect' };
    assert.equal(
      logLineText(JSON.stringify(line), plain),
      '2026-11-22 12:00:00.250Z WARN  connection   cannot connect [NET-DNS]\n' +
        '            to do: check the network and the name server: getent hosts HOST\n',
    );
  });

  it('does not say twice what the sentence says, nor steer a terminal', () => {
    const msg = 'x [NET-DNS] – check the network and the name server: getent hosts HOST';
    assert.equal(
      logLineText(JSON.stringify({ level: 50, time, code: 'NET-DNS', msg }), plain),
      `2026-11-22 12:00:00.250Z ERROR              ${msg}\n`,
    );
    assert.equal(logLineText('no JSON \u001b[2J', plain), 'no JSON \\u001b[2J\n');
  });
});

describe('an entry of the journal', () => {
  it('is the line that was logged, or is made into one', () => {
    const own = JSON.stringify({ level: 30, msg: 'own' });
    assert.equal(journalLine(JSON.stringify({ MESSAGE: own })), own);
    const entry = {
      MESSAGE: 'Started.',
      PRIORITY: '4',
      __REALTIME_TIMESTAMP: String(Date.parse(time) * 1000),
    };
    assert.deepEqual(JSON.parse(journalLine(JSON.stringify(entry))), {
      level: 40,
      time,
      area: 'systemd',
      msg: 'Started.',
    });
    const bytes = { MESSAGE: [...Buffer.from('ä')], PRIORITY: '3' };
    assert.deepEqual(JSON.parse(journalLine(JSON.stringify(bytes))), {
      level: 50,
      area: 'systemd',
      msg: 'ä',
    });
  });
});

describe('a moment, from the command line', () => {
  const clock = { now: () => new Date(time) };

  it('is how long ago, or a time', () => {
    assert.equal(momentMs('--since', '1h', clock), Date.parse('2026-11-22T11:00:00.250Z'));
    assert.equal(momentMs('--since', '2026-11-22T09:30:00Z', clock), Date.parse('2026-11-22T09:30:00Z'));
    assert.equal(momentMs('--since', undefined, clock), undefined);
    for (const text of ['yesterday', '12', ''])
      assert.throws(() => momentMs('--since', text, clock), UsageError);
  });
});
