import { connectionStates } from './connection-tally.ts';
import { by, single, stateSet } from './definition.ts';
import type { Metric } from './definition.ts';

const secondsPerDay = 86_400;
const clockStates = ['good', 'waiting', 'suspect', 'unknown'] as const;

/** The way to the cloud, and what it depends on. */
export const connectionMetrics: readonly Metric[] = [
  {
    name: 'dps_agent_connected',
    type: 'gauge',
    help: 'Whether a session with the hub is open.',
    read: ({ connection }) => single(connection.state === 'connected' ? 1 : 0),
  },
  {
    name: 'dps_agent_connection_state',
    type: 'gauge',
    help: 'Whether the connection is in this state: 1 for the one it is in, 0 for the others.',
    labels: ['state'],
    read: ({ connection }) => stateSet('state', connectionStates, connection.state),
  },
  {
    name: 'dps_agent_connection_state_seconds_total',
    type: 'counter',
    help: 'Time the connection has been in this state, the present one included.',
    labels: ['state'],
    read: ({ connection }) =>
      by('state', connection.msIn).map(({ value, ...rest }) => ({ ...rest, value: value / 1000 })),
  },
  {
    name: 'dps_agent_sessions_total',
    type: 'counter',
    help: 'Sessions that were opened with a hub.',
    read: ({ connection }) => single(connection.sessions),
  },
  {
    name: 'dps_agent_reconnects_total',
    type: 'counter',
    help: 'Sessions that ended and were to be followed by another, by the error code or what else ended them.',
    labels: ['cause'],
    read: ({ connection }) => by('cause', connection.reconnects),
  },
  {
    name: 'dps_agent_connection_attempts_total',
    type: 'counter',
    help: 'Attempts to open a session, by outcome: opened, an error code, or what broke them off.',
    labels: ['outcome'],
    read: ({ connection }) => by('outcome', connection.attempts),
  },
  {
    name: 'dps_agent_provisioning_attempts_total',
    type: 'counter',
    help: 'Attempts to learn the hub, by outcome: assigned, an error code, or what broke them off.',
    labels: ['outcome'],
    read: ({ connection }) => by('outcome', connection.registrations),
  },
  {
    name: 'dps_agent_wire_bytes_total',
    type: 'counter',
    help: 'Bytes over connections to DPS and hub, TLS included.',
    labels: ['direction'],
    read: ({ wire }) => by('direction', { sent: wire.sent, received: wire.received }),
  },
  {
    name: 'dps_agent_certificate_remaining_seconds',
    type: 'gauge',
    help: 'Until the certificate in use expires, in whole days of seconds; below zero once it has.',
    labels: ['credential'],
    read: ({ certificates }) =>
      certificates.map(({ name, daysLeft }) => ({
        labels: { credential: name },
        value: daysLeft * secondsPerDay,
      })),
  },
  {
    name: 'dps_agent_clock_state',
    type: 'gauge',
    help: 'Whether this is what is known of the clock of the machine: 1 for the one it is, 0 for the others.',
    labels: ['state'],
    read: ({ clock }) => stateSet('state', clockStates, clock.state),
  },
  {
    name: 'dps_agent_clock_suspect',
    type: 'gauge',
    help: 'Whether the clock of the machine is known or thought to be wrong.',
    read: ({ clock }) => single(clock.state === 'suspect' || clock.state === 'waiting' ? 1 : 0),
  },
  {
    name: 'dps_agent_clock_offset_seconds',
    type: 'gauge',
    help: 'What must be added to the clock of the machine to make it right; absent where it was not measured.',
    read: ({ clock: { offsetMs } }) => single(offsetMs === undefined ? undefined : offsetMs / 1000),
  },
];
