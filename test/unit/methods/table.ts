import { closest } from '../../../src/config/suggest.ts';
import type { Method, MethodResponse } from '../../../src/methods/method.ts';
import { MethodTable } from '../../../src/methods/method-table.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';

/** A table of methods under test, on a clock that stands still. */
export class TableOf {
  readonly clock = new FakeClock();
  readonly log = new RecordingLog();
  readonly limits = { deadlineMs: 25_000, atOnce: 4 };
  readonly stop = new AbortController();
  readonly table: MethodTable;
  #calls = 0;

  constructor(...methods: Method[]) {
    const { clock, log } = this;
    this.table = new MethodTable({ methods, settings: () => this.limits, suggest: closest, clock, log });
  }

  call(name: string, payload?: unknown): Promise<MethodResponse> {
    this.#calls += 1;
    return this.table.invoke({ name, payload, requestId: String(this.#calls) }, this.stop.signal);
  }

  /** What the call was answered with, its payload as an object. */
  async answer(
    name: string,
    payload?: unknown,
  ): Promise<{ status: number; payload: Readonly<Record<string, unknown>> }> {
    const response = await this.call(name, payload);
    return { status: response.status, payload: response.payload as Readonly<Record<string, unknown>> };
  }
}
