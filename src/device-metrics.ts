import type { ClockCondition } from './clock-sync/condition.ts';
import type { DeviceCredentials } from './device-credentials.ts';
import type { DeviceMessages } from './device-messages.ts';
import type { TelemetryStatus } from './device-telemetry.ts';
import type { Service } from './lib/service.ts';
import type { MetricsSource } from './local-api/metrics-routes.ts';
import { AgentMetrics } from './metrics/agent-metrics.ts';
import { AnswerTally } from './metrics/answer-tally.ts';
import { ConnectionTally } from './metrics/connection-tally.ts';
import type { Figures } from './metrics/figures.ts';
import { MetricsHistory } from './metrics/history.ts';
import { SettingTally } from './metrics/setting-tally.ts';
import { agentVersion } from './version.ts';
import type { World } from './world.ts';

/** What is told of besides what is counted here. */
export interface MetricPorts {
  readonly credentials: Pick<DeviceCredentials, 'names' | 'daysLeft'>;
  readonly clockCondition: () => ClockCondition;
  readonly telemetry: () => TelemetryStatus;
  readonly messages: () => DeviceMessages['status'];
}

export interface DeviceMetrics extends MetricsSource {
  /** What runs whether or not there is a session. */
  readonly services: readonly Service[];
  /** To be told of what happens to each. */
  readonly connection: ConnectionTally;
  readonly answers: AnswerTally;
  readonly settings: SettingTally;
}

/** Everything about the agent that is a number: now, for Prometheus, and of the last day, for whoever comes later. */
export function deviceMetrics(
  ports: MetricPorts,
  { clock, resources, wire, nodeVersion }: Pick<World, 'clock' | 'resources' | 'wire' | 'nodeVersion'>,
): DeviceMetrics {
  const connection = new ConnectionTally(clock);
  const answers = new AnswerTally();
  const settings = new SettingTally();
  const readings = resources();
  const startedMs = clock.monotonic();
  let eventLoopDelayMs: number | undefined;
  const figures = (): Figures => {
    const now = clock.now();
    return {
      now,
      build: { version: agentVersion, node: nodeVersion },
      connection: connection.figures,
      certificates: daysLeft(ports.credentials),
      clock: ports.clockCondition(),
      telemetry: ports.telemetry(),
      wire: wire(),
      messages: ports.messages(),
      methods: answers.figures,
      settings: settings.figures,
      process: {
        // Told from how long ago it was: a clock that has been set since does not falsify it.
        startedAt: new Date(now.getTime() - (clock.monotonic() - startedMs)),
        cpuMs: readings.cpuMs(),
        ...readings.memory(),
        eventLoopDelayMs,
      },
    };
  };
  const metrics = new AgentMetrics(figures);
  let isMeasuring = false;
  const history = new MetricsHistory(figures, clock, () => {
    const delayMs = readings.eventLoopDelayMs();
    if (isMeasuring) eventLoopDelayMs = delayMs;
    isMeasuring = true;
  });
  return {
    services: [history],
    ...{ connection, answers, settings },
    text: () => metrics.text(),
    history: () => history.csv(),
  };
}

function daysLeft({ names, daysLeft: left }: MetricPorts['credentials']): Figures['certificates'] {
  return names.flatMap((name) => {
    const days = left(name);
    return days === undefined ? [] : [{ name, daysLeft: days }];
  });
}
