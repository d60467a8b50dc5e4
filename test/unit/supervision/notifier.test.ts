import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SystemdNotifier } from '../../../src/supervision/notifier.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';

describe('SystemdNotifier', () => {
  it('sends one datagram a notice, a line each, whatever stands in them', () => {
    const sent: string[] = [];
    const notifier = new SystemdNotifier({
      send: (text) => sent.push(text),
      watchdogMs: undefined,
      log: new RecordingLog(),
    });
    notifier.tell({ READY: 1, STATUS: 'waiting:\nno network\n  at all' });
    assert.deepEqual(sent, ['READY=1\nSTATUS=waiting: no network at all']);
  });

  it('says once that systemd cannot be told, and once that it can again', () => {
    const log = new RecordingLog();
    let isFull = true;
    const send = (): void => {
      if (isFull) throw new Error('EAGAIN');
    };
    const notifier = new SystemdNotifier({ send, watchdogMs: undefined, log });
    notifier.tell({ WATCHDOG: 1 });
    notifier.tell({ WATCHDOG: 1 });
    isFull = false;
    notifier.tell({ WATCHDOG: 1 });
    notifier.tell({ WATCHDOG: 1 });
    assert.deepEqual(
      log.lines.map(({ message, fields }) => [message, fields['untold']]),
      [
        ['cannot tell systemd how the agent is: EAGAIN', undefined],
        ['systemd hears the agent again', 2],
      ],
    );
  });
});
