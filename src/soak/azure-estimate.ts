import type { Scenario } from './scenario/scenario.ts';
import { total } from './scenario/schedule.ts';

/** What a run against Azure would come to. */
export interface Estimate {
  readonly messages: number;
  /** As IoT Hub bills: begun pieces of 4 KB (protocol.md 5). */
  readonly billedUnits: number;
  readonly peakMessagesPerSecond: number;
  /** If every agent has to ask DPS once for each fault that strikes it, and once at the start. */
  readonly registrations: number;
}

const meterBytes = 4096;
/** Properties that the agent adds to each message. */
const propertyBytes = 200;

/** Of telemetry alone: what is sent again after a lost acknowledgement and what the twin costs comes on top. */
export function estimate(scenario: Scenario, durationMs: number): Estimate {
  const scale = durationMs / total(scenario.phases);
  let [messages, billedUnits, peak] = [0, 0, 0];
  for (const { durationMs: phaseMs, load } of scenario.phases) {
    const { messages: burst, everyMs } = load.burst;
    const perSecond = load.messagesPerSecond + (everyMs === 0 ? 0 : (burst * 1000) / everyMs);
    const sent = (perSecond * scenario.agents * phaseMs * scale) / 1000;
    const [least, most] = load.bytes;
    messages += sent;
    billedUnits += sent * Math.ceil(((least + most) / 2 + propertyBytes) / meterBytes);
    peak = Math.max(peak, (load.messagesPerSecond + burst) * scenario.agents);
  }
  return {
    messages: Math.ceil(messages),
    billedUnits: Math.ceil(billedUnits),
    peakMessagesPerSecond: peak,
    registrations: scenario.agents,
  };
}

/** Messages a day and unit (protocol.md 5); F1 counts pieces of 0.5 KB. */
const dailyQuota = { F1: 8000, 'S1 or B1': 400_000, 'S2 or B2': 6_000_000, 'S3 or B3': 300_000_000 } as const;
/** What a DPS instance takes by the documents; older ones say 200 (protocol.md 5). */
const registrationsPerMinute = 1000;

export function describeEstimate(estimated: Estimate, maxMessages: number): string {
  const { messages, billedUnits, peakMessagesPerSecond, registrations } = estimated;
  const days = Object.entries(dailyQuota).map(([tier, quota]) => {
    const share = (Math.min(billedUnits, maxMessages) / quota) * 100;
    return `  ${tier}: ${quota.toLocaleString('en')} a day and unit, this is ${share < 0.1 ? 'less than 0.1' : share.toFixed(1)} %\n`;
  });
  const cut = messages > maxMessages ? `; cut off at ${maxMessages} (--max-messages)` : '';
  return [
    `messages: about ${messages}, which bill as ${billedUnits} of 4 KB${cut}\n`,
    ...days,
    `at the most at once: ${peakMessagesPerSecond} messages a second\n`,
    `registrations at the start: ${registrations}; DPS takes ${registrationsPerMinute} a minute\n`,
  ].join('');
}
