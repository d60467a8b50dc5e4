import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CloudError } from '../../../../src/cloud-error.ts';
import { LastErrorRecorder } from '../../../../src/twin/reported/last-error.ts';
import { ResourceWatch } from '../../../../src/twin/reported/resources.ts';
import { FakeClock } from '../../../fakes/fake-clock.ts';
import { RecordingLog } from '../../../fakes/recording-log.ts';
import { connected, waiting } from './facts.ts';

describe('ResourceWatch', () => {
  it('tells the share of a processor since the reading before', async () => {
    const [clock, machine] = [new FakeClock(), { cpuMs: 100, isDiskWell: true }];
    const log = new RecordingLog();
    const readings = {
      cpuMs: () => machine.cpuMs,
      memory: () => ({ rssBytes: 5, heapUsedBytes: 3 }),
      eventLoopDelayMs: () => 7,
      diskFreeBytes: (path: string) =>
        machine.isDiskWell ? Promise.resolve(path.length) : Promise.reject(new Error('EIO')),
    };
    const watch = new ResourceWatch(readings, '/var', clock, log);
    const same = { rssBytes: 5, heapUsedBytes: 3, eventLoopDelayMs: 7, diskFreeBytes: 4 };
    assert.deepEqual(await watch.read(), { cpuShare: 0, ...same });
    await clock.advance(10_000);
    machine.cpuMs = 600;
    assert.deepEqual(await watch.read(), { cpuShare: 0.05, ...same });
    machine.isDiskWell = false;
    await watch.read();
    assert.equal((await watch.read()).diskFreeBytes, undefined);
    machine.isDiskWell = true;
    assert.equal((await watch.read()).diskFreeBytes, 4);
    assert.deepEqual(
      log.lines.map(({ level, message }) => [level, message]),
      [
        ['warn', 'cannot tell the free space at /var: EIO'],
        ['info', 'the free space at /var can be told again'],
      ],
    );
  });
});

describe('LastErrorRecorder', () => {
  it('keeps why the connection last waited, at a time that a corrected clock does not falsify', async () => {
    const clock = new FakeClock();
    const recorder = new LastErrorRecorder(clock);
    recorder.onState(connected);
    const before = recorder.last;
    assert.equal(before, undefined);
    await clock.advance(5000);
    recorder.onState(waiting);
    recorder.onState(connected);
    clock.stepWallClock(3_600_000);
    const { code, at, remedy } = recorder.last ?? assert.fail('nothing was kept');
    assert.equal(code, 'NET-REFUSED');
    assert.equal(at.toISOString(), '2026-01-01T01:00:05.000Z');
    assert.ok(remedy.length > 10);
  });

  it('keeps how the run before ended, until the connection has to wait', () => {
    const recorder = new LastErrorRecorder(new FakeClock());
    recorder.runEnded('RUN-KILLED');
    const [{ code, reason, times } = assert.fail('nothing was kept')] = recorder.recent;
    assert.deepEqual([code, times, recorder.last?.code], ['RUN-KILLED', 1, 'RUN-KILLED']);
    assert.match(reason, /^the run before did not end in order/);
    recorder.onState(waiting);
    assert.deepEqual(
      recorder.recent.map((each) => each.code),
      ['NET-REFUSED', 'RUN-KILLED'],
    );
  });

  it('keeps each code once, with how often it came and when first and last, the latest first', async () => {
    const clock = new FakeClock();
    const recorder = new LastErrorRecorder(clock);
    const dns = { ...waiting, reason: new CloudError('NET-DNS', 'connect to one') };
    recorder.onState(waiting);
    await clock.advance(1000);
    recorder.onState(dns);
    await clock.advance(1000);
    recorder.onState(waiting);
    assert.deepEqual(
      recorder.recent.map(({ code, times, firstAt, at }) => [
        code,
        times,
        firstAt.getSeconds(),
        at.getSeconds(),
      ]),
      [
        ['NET-REFUSED', 2, 0, 2],
        ['NET-DNS', 1, 1, 1],
      ],
    );
    assert.match(recorder.recent[1]?.reason ?? '', /^cannot connect to one: /);
  });
});
