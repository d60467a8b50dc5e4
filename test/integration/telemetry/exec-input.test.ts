import assert from 'node:assert/strict';
import { readFileSync, watch } from 'node:fs';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { describe, it, type TestContext } from 'node:test';
import type { ExecIntervalConfig, ExecLinesConfig } from '../../../src/config/inputs/exec-input.ts';
import { SystemClock } from '../../../src/lib/clock.ts';
import { ConfigError, describeError } from '../../../src/lib/errors.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { createExecInput } from '../../../src/telemetry/inputs/exec/exec-input.ts';
import type { ProgramHost } from '../../../src/lib/program-host.ts';
import { ExecLinesInput } from '../../../src/telemetry/inputs/exec/exec-lines-input.ts';
import type { Input } from '../../../src/telemetry/inputs/input.ts';
import type { Reading } from '../../../src/telemetry/reading.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const isRoot = process.getuid?.() === 0;

const shared = {
  type: 'exec',
  name: 'sensor',
  priority: 'normal',
  properties: {},
  enabled: true,
  onError: 'retry',
  format: 'auto',
  valueName: 'value',
  environment: {},
} as const;

type IntervalChanges = Partial<Omit<ExecIntervalConfig, 'command'>>;

const sh = (script: string, ...args: string[]): [string, ...string[]] => ['sh', '-c', script, 'sh', ...args];
const node = (script: string): [string, ...string[]] => [process.execPath, '-e', script];

function host(changes: Partial<ProgramHost> = {}): ProgramHost & { readonly log: RecordingLog } {
  return {
    clock: new SystemClock(),
    log: new RecordingLog(),
    environment: process.env,
    userId: process.getuid?.() ?? -1,
    kill: (pid, signal) => process.kill(pid, signal),
    root: '/',
    ...changes,
  } as ProgramHost & { readonly log: RecordingLog };
}

function atInterval(command: [string, ...string[]], changes: IntervalChanges = {}, on = host()): Input {
  const limits = { intervalMs: 60_000, timeoutMs: 10_000, maxOutputBytes: 65_536 };
  return createExecInput({ ...shared, mode: 'interval', ...limits, ...changes, command }, on);
}

function inLines(
  command: [string, ...string[]],
  changes: Partial<ExecLinesConfig> = {},
  on = host(),
): ExecLinesInput {
  return new ExecLinesInput({ ...shared, mode: 'lines', ...changes, command }, on);
}

/** What one reading of an input hands over. */
async function valuesOf(input: Input): Promise<JsonObject[]> {
  const taken: Reading[] = [];
  await input.read((readings) => {
    taken.push(...readings);
    return Promise.resolve();
  }, new AbortController().signal);
  return taken.map(({ values }) => values);
}

/** Why one reading of an input fails, and what it handed over before. */
async function failureOf(input: Input): Promise<{ reason: string; values: JsonObject[] }> {
  const values: JsonObject[] = [];
  try {
    await input.read((readings) => {
      values.push(...readings.map((reading) => reading.values));
      return Promise.resolve();
    }, new AbortController().signal);
  } catch (error) {
    return { reason: describeError(error), values };
  }
  return { reason: 'none', values };
}

/** An ended process that nobody has collected is none any more. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Takes readings until there are so many, then stops the input and waits for its end. */
async function firstOf(input: Input, count: number): Promise<JsonObject[]> {
  const values: JsonObject[] = [];
  const stop = new AbortController();
  await input.read((readings) => {
    values.push(...readings.map((reading) => reading.values));
    if (values.length >= count) stop.abort();
    return Promise.resolve();
  }, stop.signal);
  return values;
}

describe('a program at an interval', () => {
  it('is run as it is written, without a shell, and its output is the reading', async () => {
    const input = atInterval(['printf', '{"a":"%s"}', '$HOME; `id` | x']);
    assert.equal(input.name, 'sensor');
    assert.equal(input.intervalMs, 60_000);
    assert.deepEqual(await valuesOf(input), [{ a: '$HOME; `id` | x' }]);
  });

  it('speaks in any of the formats, and names a bare number as configured', async () => {
    assert.deepEqual(await valuesOf(atInterval(['echo', '21.4'], { valueName: 'temp' })), [{ temp: 21.4 }]);
    assert.deepEqual(await valuesOf(atInterval(['echo', 'a=1 b=x'])), [{ a: 1, b: 'x' }]);
    assert.deepEqual(await valuesOf(atInterval(['echo', 'm a=1'], { format: 'influx' })), [
      { measurement: 'm', a: 1 },
    ]);
    const refused = await failureOf(atInterval(['echo', 'a=1'], { format: 'number' }));
    assert.equal(refused.reason, 'cannot use echo: cannot read "a=1": expected one number and nothing else');
  });

  it('may have nothing to tell, but says so', async () => {
    let calls = 0;
    await atInterval(['echo', '[]']).read(() => {
      calls += 1;
      return Promise.resolve();
    }, new AbortController().signal);
    assert.equal(calls, 0);
    assert.match(
      (await failureOf(atInterval(['true']))).reason,
      /^cannot use true: cannot read an empty text/,
    );
  });

  it('fails with its status and the first line it wrote to standard error', async () => {
    const script = 'echo 5; echo "no bus" >&2; echo "giving up" >&2; exit 3';
    assert.deepEqual(await failureOf(atInterval(sh(script))), {
      reason: 'cannot use sh: it ended with status 3: no bus',
      values: [],
    });
    const silent = await failureOf(atInterval(['false']));
    assert.equal(silent.reason, 'cannot use false: it ended with status 1');
    const killed = await failureOf(atInterval(sh('echo 5; kill -SEGV $$')));
    assert.equal(killed.reason, 'cannot use sh: it was ended by SIGSEGV');
  });

  it('keeps its arguments, where a password may stand, out of what it is told by', async () => {
    const { reason } = await failureOf(atInterval(sh('exit 1', 'hunter2')));
    assert.doesNotMatch(reason, /hunter2/);
  });

  it('fails when it cannot be started', async () => {
    const missing = await failureOf(atInterval(['/no/such/program']));
    assert.equal(missing.reason, 'cannot start /no/such/program: spawn /no/such/program ENOENT');
    const nowhere = await failureOf(atInterval(['true'], { directory: '/no/such/place' }));
    assert.match(nowhere.reason, /^cannot start true in \/no\/such\/place: /);
  });

  it('fails when it may not be started', async (test) => {
    const file = join(await temporaryDirectory(test), 'program');
    await writeFile(file, '#!/bin/sh\necho 1\n');
    await chmod(file, 0o644);
    assert.match((await failureOf(atInterval([file]))).reason, /^cannot start .*EACCES$/);
  });

  it('is given PATH, HOME, LANG and what is configured of the environment, and nothing else', async () => {
    const environment = { PATH: process.env['PATH'], HOME: '/home/agent', LANG: 'C', DPS_KEY: 'hidden' };
    const script = 'console.log(JSON.stringify(process.env))';
    const input = atInterval(
      node(script),
      { environment: { UNIT: 'C', LANG: 'C.UTF-8' } },
      host({ environment }),
    );
    assert.deepEqual(await valuesOf(input), [
      { PATH: process.env['PATH'], HOME: '/home/agent', LANG: 'C.UTF-8', UNIT: 'C' },
    ]);
  });

  it('runs in the directory it is given, without standard input', async (test) => {
    const directory = await temporaryDirectory(test);
    const script = 'printf "cwd=%s read=%s" "$(pwd -P)" "$(cat | wc -c)"';
    assert.deepEqual(await valuesOf(atInterval(sh(script), { directory })), [{ cwd: directory, read: 0 }]);
  });

  it('is ended when it writes too much', async () => {
    const { reason } = await failureOf(atInterval(['yes'], { maxOutputBytes: 10_000 }));
    assert.equal(reason, 'cannot use yes: it wrote more than 10000 bytes');
  });

  it('may write to standard error without end, and is not held up by it', async () => {
    const on = host();
    const input = atInterval(sh('yes trouble | head -c 1000000 >&2; echo 5'), {}, on);
    assert.deepEqual(await valuesOf(input), [{ value: 5 }]);
    assert.equal(on.log.messages('debug').length, 101);
    assert.deepEqual(on.log.lines[0]?.fields, { input: 'sensor' });
  });

  it('fails when it writes what is not text', async () => {
    const { reason } = await failureOf(atInterval(sh(String.raw`printf '\377\376\000\001'`)));
    assert.match(reason, /^cannot use sh: cannot read "ÿþ\\u0000\\u0001": expected UTF-8 text/);
  });

  it('takes characters that come in two pieces', async () => {
    const script = String.raw`printf 'note="21\302'; sleep 0.05; printf '\260C"'`;
    assert.deepEqual(await valuesOf(atInterval(sh(script))), [{ note: '21°C' }]);
  });

  it('is ended after its timeout, with a grandchild that will not hear SIGTERM', async (test) => {
    const { script, pids } = await stubbornFamily(test);
    const { reason } = await failureOf(atInterval(sh(script), { timeoutMs: 300 }));
    assert.equal(reason, 'cannot use sh: it has not ended within 0.3 s');
    const family = await pids();
    assert.equal(family.length, 2);
    assert.deepEqual(family.filter(isAlive), []);
  });

  it('is ended when the signal is aborted, and then has nothing to say', async (test) => {
    const { script, started, pids } = await stubbornFamily(test);
    const stop = new AbortController();
    const handedOver: unknown[] = [];
    const read = atInterval(sh(script)).read((readings) => {
      handedOver.push(readings);
      return Promise.resolve();
    }, stop.signal);
    await started();
    stop.abort();
    await read;
    assert.deepEqual((await pids()).filter(isAlive), []);
    assert.deepEqual(handedOver, []);
  });

  it('is not started when the signal is aborted already', async (test) => {
    const directory = await temporaryDirectory(test);
    await atInterval(['touch', join(directory, 'started')]).read(
      () => Promise.reject(new Error('cannot be')),
      AbortSignal.abort(),
    );
    assert.deepEqual(await readdir(directory), []);
  });

  it('cannot leave anything behind: what runs in the background ends with it', async () => {
    const [values] = await valuesOf(atInterval(sh('sleep 300 & echo "pid=$!"')));
    assert.equal(isAlive(Number(values?.['pid'])), false);
  });

  it('hands on what the taker of its readings says', async () => {
    const refused = atInterval(['echo', '1']).read(
      () => Promise.reject(new Error('the queue is full')),
      new AbortController().signal,
    );
    await assert.rejects(refused, { message: 'the queue is full' });
  });
});

describe('the user a program runs as', () => {
  it('must be the own one where the agent is not root', () => {
    assert.throws(() => atInterval(['true'], { user: 'nobody' }, host({ userId: 1000 })), {
      name: ConfigError.name,
      message: 'cannot run input sensor as user nobody: only root can, and the agent is not root',
    });
  });

  if (isRoot)
    it('is another where the agent is root, with the groups and the home of that one alone', async () => {
      const script = 'echo "user=$(id -u) group=$(id -g) groups=\\"$(id -G)\\" home=$HOME"';
      const [nobody] = await valuesOf(atInterval(sh(script), { user: 'nobody' }));
      assert.deepEqual(nobody, { user: 65534, group: 65534, groups: '65534', home: '/nonexistent' });
      assert.deepEqual(await valuesOf(atInterval(sh(script), { user: '65534' })), [nobody]);
      const lines = inLines(sh('id -u; exec sleep 300'), { user: 'nobody' });
      assert.deepEqual(await firstOf(lines, 1), [{ value: 65534 }]);
    });

  if (isRoot)
    it('must be one that the machine knows', async () => {
      const { reason } = await failureOf(atInterval(['true'], { user: 'no-such-user' }));
      assert.equal(
        reason,
        'cannot start true as no-such-user: cannot find the user no-such-user in /etc/passwd',
      );
    });
});

describe('a program that speaks in lines', () => {
  it('is asked once and for all', () => {
    assert.equal(inLines(['true']).intervalMs, undefined);
    assert.ok(
      createExecInput({ ...shared, mode: 'lines', command: ['true'] }, host()) instanceof ExecLinesInput,
    );
  });

  it('hands over each line while it runs, and is ended when the signal is aborted', async () => {
    const script = 'for n in 1 2 3; do echo "n=$n pid=$$"; done; exec sleep 300';
    const values = await firstOf(inLines(sh(script)), 3);
    assert.deepEqual(
      values.map(({ n }) => n),
      [1, 2, 3],
    );
    assert.equal(isAlive(Number(values[0]?.['pid'])), false);
  });

  it('may be ended in the middle of a line, which is no fault', async () => {
    const on = host();
    await firstOf(inLines(sh('echo 1; printf "a=2"; exec sleep 300'), {}, on), 1);
    assert.deepEqual(on.log.messages('warn'), []);
  });

  it('is failed by its end, whatever the status, with the last line of standard error', async () => {
    const clean = await failureOf(inLines(sh('echo 1; echo 2')));
    assert.deepEqual(clean, {
      reason: 'cannot go on with sh: it ended with status 0',
      values: [{ value: 1 }, { value: 2 }],
    });
    const failed = await failureOf(inLines(sh('echo 1; echo first >&2; echo last >&2; exit 4')));
    assert.deepEqual(failed, {
      reason: 'cannot go on with sh: it ended with status 4: last',
      values: [{ value: 1 }],
    });
  });

  it('can be run again after that', async () => {
    const input = inLines(['echo', '1']);
    assert.deepEqual((await failureOf(input)).values, [{ value: 1 }]);
    assert.deepEqual((await failureOf(input)).values, [{ value: 1 }]);
  });

  it('may end its last line by ending well, but not by breaking off', async () => {
    const on = host();
    assert.deepEqual((await failureOf(inLines(sh('printf "a=21.4"'), {}, on))).values, [{ a: 21.4 }]);
    const broken = inLines(sh('printf "a=2"; kill -KILL $$'), {}, on);
    assert.deepEqual(await failureOf(broken), {
      reason: 'cannot go on with sh: it was ended by SIGKILL',
      values: [],
    });
    assert.equal(broken.unreadableLines, 1);
    assert.deepEqual(on.log.messages('warn'), ['cannot read a line: the program ended in the middle of it']);
  });

  it('may say what cannot be read: said once and counted, and the rest is taken', async () => {
    const on = host();
    const binary = String.raw`printf '\377\000\n'`;
    const script = `echo 1; echo what; ${binary}; echo; head -c 70000 /dev/zero; echo; echo 2; exec sleep 300`;
    const input = inLines(sh(script), {}, on);
    assert.deepEqual(await firstOf(input, 2), [{ value: 1 }, { value: 2 }]);
    assert.equal(input.unreadableLines, 3);
    assert.deepEqual(on.log.messages('warn'), [
      'a line is left out: cannot read "what": expected JSON, a number, Influx line protocol or key=value',
      'the same, 2 times more',
    ]);
  });

  it('may write a line without end, which takes no memory', async () => {
    const input = inLines(sh('head -c 200000000 /dev/zero; echo; echo 2; exec sleep 300'));
    const before = process.memoryUsage().rss;
    assert.deepEqual(await firstOf(input, 1), [{ value: 2 }]);
    assert.ok(process.memoryUsage().rss - before < 100_000_000);
    assert.equal(input.unreadableLines, 1);
  });

  it('is held back while its readings are not taken', async (test) => {
    const progress = join(await temporaryDirectory(test), 'progress');
    const script = `
      const { writeFileSync, writeSync } = require('node:fs');
      for (let n = 1; n <= 100000; n += 1) {
        writeSync(1, '{"n":' + n + ',"padding":"' + 'x'.repeat(1000) + '"}\\n');
        if (n % 10 === 0) writeFileSync(${JSON.stringify(progress)}, String(n));
      }`;
    const stop = new AbortController();
    let calls = 0;
    const taken = new Promise<void>((resolve) => {
      void inLines(node(script)).read(async () => {
        calls += 1;
        await untilStill(progress);
        stop.abort();
        resolve();
      }, stop.signal);
    });
    await taken;
    assert.equal(calls, 1);
    // What the pipe, the stream and one chunk hold, and far from all.
    assert.ok(Number(await readFile(progress, 'utf8')) < 1000);
  });

  it('ends with its family, those included who will not hear SIGTERM', async (test) => {
    const { script, started, pids } = await stubbornFamily(test);
    const stop = new AbortController();
    const read = inLines(sh(script)).read(() => Promise.resolve(), stop.signal);
    await started();
    stop.abort();
    await read;
    assert.deepEqual((await pids()).filter(isAlive), []);
  });

  it('takes its family with it when it ends by itself', async () => {
    const { reason, values } = await failureOf(inLines(sh('sleep 300 & echo "pid=$!"')));
    assert.equal(reason, 'cannot go on with sh: it ended with status 0');
    assert.equal(isAlive(Number(values[0]?.['pid'])), false);
  });

  it('is over when it closes its output', async () => {
    const { reason, values } = await failureOf(inLines(sh('echo "pid=$$"; exec sleep 300 >&- 2>&-')));
    assert.equal(reason, 'cannot go on with sh: it has closed its output');
    assert.equal(isAlive(Number(values[0]?.['pid'])), false);
  });

  it('is over when it ends, though a process that has left its group holds its output', async (test) => {
    const { reason, values } = await failureOf(inLines(sh('setsid sleep 300 & echo "pid=$!"; sleep 0.1')));
    const escaped = Number(values[0]?.['pid']);
    test.after(() => process.kill(escaped, 'SIGKILL'));
    assert.equal(reason, 'cannot go on with sh: it ended with status 0');
  });

  it('loses no line then, however slowly its readings are taken', async (test) => {
    const clock = new SystemClock();
    const input = inLines(sh('setsid sleep 300 & echo "pid=$!"; sleep 0.1; echo 1; echo 2'));
    const values: JsonObject[] = [];
    const read = input.read(async (readings) => {
      const isFirst = values.length === 0 && readings.length > 0;
      values.push(...readings.map((reading) => reading.values));
      if (isFirst) await clock.sleep(2500, new AbortController().signal);
    }, new AbortController().signal);
    await assert.rejects(read, { message: 'cannot go on with sh: it ended with status 0' });
    const [escaped, ...rest] = values;
    test.after(() => process.kill(Number(escaped?.['pid']), 'SIGKILL'));
    assert.deepEqual(rest, [{ value: 1 }, { value: 2 }]);
  });

  it('is ended when the taker of its readings fails', async () => {
    let pid = 0;
    const read = inLines(sh('echo "pid=$$"; exec sleep 300')).read((readings) => {
      pid = Number(readings[0]?.values['pid']);
      return Promise.reject(new Error('the queue is closed'));
    }, new AbortController().signal);
    await assert.rejects(read, { message: 'the queue is closed' });
    assert.equal(isAlive(pid), false);
  });

  it('may keep every message of its own at debug', async () => {
    const on = host();
    await firstOf(inLines(sh('echo starting >&2; sleep 0.1; echo 1; exec sleep 300'), {}, on), 1);
    assert.deepEqual(on.log.messages('debug'), ['starting']);
  });

  it('fails when it cannot be started', async () => {
    const { reason } = await failureOf(inLines(['/no/such/program']));
    assert.equal(reason, 'cannot start /no/such/program: spawn /no/such/program ENOENT');
  });
});

interface Family {
  readonly script: string;
  /** Resolves when parent and child are there. */
  readonly started: () => Promise<void>;
  readonly pids: () => Promise<number[]>;
}

/** A shell that waits for a child that ignores SIGTERM; both write down who they are. */
async function stubbornFamily(test: TestContext): Promise<Family> {
  const directory = await temporaryDirectory(test);
  const names = (): Promise<string[]> => readdir(directory);
  const child = `trap "" TERM; : > "${directory}/$$"; while :; do sleep 300; done`;
  return {
    script: `: > "${directory}/$$"; sh -c '${child.replaceAll("'", `'\\''`)}'; echo 1`,
    started: () =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          names().then((found) => {
            if (found.length < 2) return;
            changes.close();
            resolve();
          }, reject);
        };
        const changes = watch(directory, look);
        look();
      }),
    pids: async () => (await names()).map(Number),
  };
}

/** Resolves when what a file says has not changed for a while: there is no event for what does not happen. */
async function untilStill(path: string): Promise<void> {
  const clock = new SystemClock();
  let last: string | undefined;
  for (let same = 0; same < 5;) {
    await clock.sleep(50, new AbortController().signal);
    const text = await readFile(path, 'utf8').catch(() => '');
    same = text !== '' && text === last ? same + 1 : 0;
    last = text;
  }
}
