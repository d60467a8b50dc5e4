import type { ConnectionStatus } from '../connection/connection.ts';
import { describeError } from '../lib/errors.ts';
import { nextAttempt } from '../next-attempt.ts';
import type { QueueStatus } from '../telemetry/queue/telemetry-queue.ts';

/** What `systemctl status` shows: what the agent is doing, and what it holds. */
export function statusLine(
  { state }: Pick<ConnectionStatus, 'state'>,
  { priorities }: Pick<QueueStatus, 'priorities'>,
  source: 'dps' | 'manual',
): string {
  const waiting = Object.values(priorities).reduce((sum, { messages }) => sum + messages, 0);
  return `${doing(state, source)}; messages waiting: ${waiting}`;
}

function doing(state: ConnectionStatus['state'], source: 'dps' | 'manual'): string {
  switch (state?.name) {
    case undefined:
      return 'looking whether the clock is right';
    case 'provisioning':
      return 'learning which hub this device belongs to';
    case 'connecting':
      return `connecting to ${state.assignment.assignedHub} as ${state.assignment.deviceId}`;
    case 'connected':
      return `connected to ${state.assignment.assignedHub} as ${state.assignment.deviceId}`;
    case 'waiting': {
      const then = nextAttempt(state.next, source);
      return `waiting before ${then}: ${describeError(state.reason)} [${state.reason.code}]`;
    }
    case 'stopped':
      return 'stopped';
  }
}
