import { closest } from './config/suggest.ts';
import type { LiveConfig } from './live-config.ts';
import { flushTelemetry } from './methods/flush-telemetry.ts';
import type { TelemetryFlush } from './methods/flush-telemetry.ts';
import { getLogs } from './methods/get-logs.ts';
import type { LogLines } from './methods/get-logs.ts';
import type { Method } from './methods/method.ts';
import { MethodTable } from './methods/method-table.ts';
import { ping } from './methods/ping.ts';
import { readInput } from './methods/read-input.ts';
import type { ReadableInput } from './methods/read-input.ts';
import { reprovision } from './methods/reprovision.ts';
import { restart } from './methods/restart.ts';
import { setLogLevel } from './methods/set-log-level.ts';
import type { TemporaryLevels } from './methods/set-log-level.ts';
import { status } from './methods/status.ts';
import type { World } from './world.ts';

/** What methods reach into. */
export interface MethodPorts {
  readonly live: Pick<LiveConfig, 'current'>;
  readonly status: () => object;
  /** DPS is to be asked again. */
  readonly reprovision: () => void;
  /** The agent is to end in order, and to be started again. */
  readonly restart: () => void;
  readonly levels: TemporaryLevels;
  readonly ring: LogLines;
  readonly telemetry: TelemetryFlush & { readonly readable: readonly ReadableInput[] };
  /** Methods composed elsewhere. */
  readonly others: readonly Method[];
  /** Is told of each answer; `undefined` for a method that there is not. */
  readonly onAnswer?: (method: string | undefined, status: number) => void;
}

/** Everything that can be called, whoever calls: the hub, or a cloud-to-device message. */
export function deviceMethods(ports: MethodPorts, { clock, log }: Pick<World, 'clock' | 'log'>): MethodTable {
  const { live, levels, ring, telemetry, others } = ports;
  const settings = (): { deadlineMs: number; atOnce: number } => live.current.methods;
  const methods = [
    ping(clock, clock.monotonic()),
    status(ports.status),
    restart(ports.restart),
    reprovision(ports.reprovision),
    setLogLevel(levels, clock),
    getLogs(ring, clock),
    flushTelemetry(telemetry, () => settings().deadlineMs, clock),
    readInput(() => telemetry.readable, closest),
    ...others,
  ];
  return new MethodTable({
    ...{ methods, settings, suggest: closest, onAnswer: ports.onAnswer, clock },
    log: log.child({ area: 'methods' }),
  });
}
