import { closest } from '../../../src/config/suggest.ts';
import type { HubSession } from '../../../src/connection/hub-client.ts';
import { SystemClock } from '../../../src/lib/clock.ts';
import type { Method } from '../../../src/methods/method.ts';
import { MethodListener } from '../../../src/methods/method-listener.ts';
import { MethodTable } from '../../../src/methods/method-table.ts';
import type { MethodLimits } from '../../../src/methods/method-table.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import type { Scratch } from '../../support/scratch.ts';
import type { WatchedLog } from '../../support/watched-log.ts';

/** Answers calls in a session with these methods, until the test is over or `stop` is called. */
export function answer(
  scratch: Scratch,
  session: HubSession,
  log: WatchedLog,
  methods: readonly Method[],
  limits: MethodLimits = { deadlineMs: 25_000, atOnce: 4 },
): { readonly stop: () => Promise<void> } {
  const table = new MethodTable({
    methods,
    settings: () => limits,
    suggest: closest,
    clock: new SystemClock(),
    log: log.log,
  });
  const stopping = new AbortController();
  const running = new MethodListener(session, table, log.log).run(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  scratch.defer(stop);
  return { stop };
}

export interface Called {
  readonly status: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface InvokeRequest {
  readonly payload?: unknown;
  readonly responseTimeoutInSeconds?: number;
  readonly connectTimeoutInSeconds?: number;
}

/** As an operator's tool calls: the hub's own REST. Throws when the hub says that the device did not answer. */
export async function invoke(
  simulator: Pick<Simulator, 'controlUrl'>,
  device: string,
  methodName: string,
  request: InvokeRequest = {},
): Promise<Called> {
  const response = await fetch(`${simulator.controlUrl}/twins/${device}/methods?api-version=2021-04-12`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ methodName, ...request }),
    signal: AbortSignal.timeout(40_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the hub answers ${response.status}: ${text}`);
  return JSON.parse(text) as Called;
}

/** What the agent has logged of calls, one line each. */
export function audit(log: WatchedLog, from = 0): string[] {
  return log.lines.slice(from).flatMap(({ msg }) => (msg.startsWith('direct method ') ? [msg] : []));
}
