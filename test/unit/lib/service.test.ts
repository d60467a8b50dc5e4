import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runAll, runUpon } from '../../../src/lib/service.ts';
import type { Service } from '../../../src/lib/service.ts';
import { settle } from '../../fakes/fake-clock.ts';
import { tracesAt } from '../../fakes/traces.ts';

const never = new AbortController().signal;

/** A service that the test ends, and that ends in order when it is told to stop. */
class Probe implements Service {
  readonly name: string;
  reason: unknown;
  isRunning = false;
  resolve: () => void = () => undefined;
  reject: (error: Error) => void = () => undefined;
  readonly #onStop: (probe: Probe) => void;

  constructor(
    name: string,
    onStop: (probe: Probe) => void = (probe) => {
      probe.resolve();
    },
  ) {
    this.name = name;
    this.#onStop = onStop;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.isRunning = true;
    const stop = (): void => {
      this.reason = signal.reason;
      this.#onStop(this);
    };
    try {
      await new Promise<void>((resolve, reject) => {
        this.resolve = resolve;
        this.reject = reject;
        if (signal.aborted) stop();
        else signal.addEventListener('abort', stop, { once: true });
      });
    } finally {
      this.isRunning = false;
    }
  }
}

describe('runAll', () => {
  it('stops the others when one ends, and ends as that one did', async () => {
    const [first, second, third] = [new Probe('first'), new Probe('second'), new Probe('third')];
    const running = runAll([first, second, third], never);
    second.resolve();
    await running;
    assert.deepEqual([first.isRunning, second.isRunning, third.isRunning], [false, false, false]);
    assert.match(String(first.reason), /second has ended/);
  });

  it('stops the others when one fails, and fails with the same error', async () => {
    const [first, second] = [new Probe('first'), new Probe('second')];
    const running = runAll([first, second], never);
    const error = new Error('broken');
    first.reject(error);
    await assert.rejects(running, (thrown) => thrown === error);
    assert.equal(second.isRunning, false);
  });

  it('takes a service that throws instead of returning a promise for one that fails', async () => {
    const other = new Probe('other');
    const error = new TypeError('a bug');
    const broken: Service = {
      name: 'broken',
      run: () => {
        throw error;
      },
    };
    await assert.rejects(runAll([other, broken], never), (thrown) => thrown === error);
    assert.equal(other.isRunning, false);
  });

  it('does not return before the slowest has stopped', async () => {
    const slow = new Probe('slow', () => undefined);
    const quick = new Probe('quick');
    let hasReturned = false;
    const running = runAll([quick, slow], never).then(() => {
      hasReturned = true;
    });
    quick.resolve();
    await settle();
    assert.equal(hasReturned, false);
    slow.resolve();
    await running;
    assert.equal(hasReturned, true);
  });

  it('keeps every failure, the first one first', async () => {
    const [cause, consequence] = [new Error('cause'), new Error('consequence')];
    const first = new Probe('first');
    const second = new Probe('second', (probe) => {
      probe.reject(consequence);
    });
    const running = runAll([second, first], never);
    first.reject(cause);
    await assert.rejects(running, (thrown) => {
      assert.ok(thrown instanceof AggregateError);
      assert.deepEqual(thrown.errors, [cause, consequence]);
      return true;
    });
  });

  it('fails with what went wrong in stopping, even when the first ended in order', async () => {
    const error = new Error('cannot stop');
    const quick = new Probe('quick');
    const clumsy = new Probe('clumsy', (probe) => {
      probe.reject(error);
    });
    const running = runAll([quick, clumsy], never);
    quick.resolve();
    await assert.rejects(running, (thrown) => thrown === error);
  });

  it('stops all when it is told to, and tells each why', async () => {
    const outer = new AbortController();
    const probes = [new Probe('first'), new Probe('second')];
    const running = runAll(probes, outer.signal);
    const reason = new Error('SIGTERM');
    outer.abort(reason);
    await running;
    assert.deepEqual(
      probes.map((probe) => [probe.isRunning, probe.reason]),
      [
        [false, reason],
        [false, reason],
      ],
    );
  });

  it('runs services that see at once that it is over, when it is told to stop before it begins', async () => {
    const probe = new Probe('probe');
    await runAll([probe], AbortSignal.abort(new Error('too late')));
    assert.match(String(probe.reason), /too late/);
  });

  it('has nothing to wait for where there are no services', async () => {
    await runAll([], never);
  });

  it('leaves nothing at a signal that outlives it', async () => {
    const outer = new AbortController();
    const probes = [new Probe('first'), new Probe('second')];
    const running = runAll(probes, outer.signal);
    probes[0]?.resolve();
    await running;
    assert.equal(tracesAt(outer.signal), 0);
  });

  it('runs more services than Node thinks a signal should have listeners', async (t) => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => {
      warnings.push(warning);
    };
    process.on('warning', onWarning);
    t.after(() => process.off('warning', onWarning));
    const probes = Array.from({ length: 30 }, (_, index) => new Probe(`probe ${index}`));
    const running = runAll(probes, never);
    probes[0]?.resolve();
    await running;
    await settle();
    assert.deepEqual(warnings, []);
  });
});

describe('runUpon', () => {
  const slowToEnd = (name: string): Probe => new Probe(name, () => undefined);

  it('keeps the base until what stands upon it has ended', async () => {
    const [base, upper] = [new Probe('base'), slowToEnd('upper')];
    const stop = new AbortController();
    const running = runUpon([base], [upper], stop.signal);
    stop.abort(new Error('told to'));
    await settle();
    assert.deepEqual([base.isRunning, upper.isRunning], [true, true]);
    upper.resolve();
    await running;
    assert.deepEqual([base.isRunning, upper.isRunning], [false, false]);
  });

  it('stops what stands upon a base that ends or fails, and fails with it', async () => {
    const [base, upper] = [new Probe('base'), new Probe('upper')];
    const running = runUpon([base], [upper], never);
    const broken = new Error('broken');
    base.reject(broken);
    await assert.rejects(running, (error) => error === broken);
    assert.equal(upper.isRunning, false);
  });

  it('fails with what stands upon it, and stops the base', async () => {
    const [base, upper] = [new Probe('base'), new Probe('upper')];
    const running = runUpon([base], [upper], never);
    const broken = new Error('broken');
    upper.reject(broken);
    await assert.rejects(running, (error) => error === broken);
    assert.equal(base.isRunning, false);
  });
});
