import { describeOffset } from '../clock-sync/condition.ts';
import { describeSpan } from '../clock-sync/span.ts';
import type { AgentStatus, StateReport } from '../local-api/status.ts';

type Line = readonly [name: string, value: string];

/** An agent's status for people. */
export function statusText(status: AgentStatus, now: Date): string {
  const { agent, state } = status;
  const lines: Line[] = [
    ['agent', `${agent.version}, process ${agent.pid}, running for ${age(agent.startedAt, now)}`],
    ['state', `${inWords[state.name]} for ${age(state.since, now)}, since ${state.since}`],
    ...trouble(state, now),
    ...optional('hub', state.hub),
    ...optional('device', state.device),
    ...identity(status, now),
    ['clock', clock(status.clock)],
    ['queue', queue(status.queue)],
    ...status.inputs.map((each): Line => ['input', input(each, now)]),
  ];
  return lines.map(([name, value]) => `${name.padEnd(12)}${value}\n`).join('');
}

const inWords: Readonly<Record<StateReport['name'], string>> = {
  starting: 'starting: looking whether the clock is right',
  provisioning: 'provisioning: learning which hub is its own',
  connecting: 'connecting to the hub',
  connected: 'connected',
  waiting: 'waiting before the next attempt',
  stopped: 'stopped',
};

function trouble({ code, reason, remedy, nextAttemptAt, next }: StateReport, now: Date): Line[] {
  if (code === undefined || nextAttemptAt === undefined) return [];
  const leftMs = Math.max(0, Date.parse(nextAttemptAt) - now.getTime());
  const then = next === 'provisioning' ? 'asking DPS' : 'trying the hub again';
  return [
    ['error', `${String(reason)} [${code}]`],
    ['remedy', String(remedy)],
    ['next', `${then} in ${describeSpan(leftMs)}`],
  ];
}

function identity(
  { identity: { source, credential, ...known }, certificates }: AgentStatus,
  now: Date,
): Line[] {
  const days = certificates.find(({ name }) => name === credential)?.daysLeft;
  const others = certificates.filter(({ name }) => name !== credential);
  return [
    ['assigned', source === 'manual' ? 'by the configuration' : assigned(known, now)],
    ...optional('credential', credential === undefined ? undefined : `${credential}${certificate(days)}`),
    ...others.map(({ name, daysLeft }): Line => ['', `${name}${certificate(daysLeft)}`]),
  ];
}

function assigned({ assignedAt, trigger }: Omit<AgentStatus['identity'], 'source'>, now: Date): string {
  if (assignedAt === undefined) return 'not yet';
  const why = trigger === undefined ? '' : `, because of: ${trigger}`;
  return `by DPS ${age(assignedAt, now)} ago${why}`;
}

function certificate(daysLeft: number | undefined): string {
  if (daysLeft === undefined) return '';
  return daysLeft < 0 ? ', its certificate has expired' : `, its certificate’s days left: ${daysLeft}`;
}

function clock({ state, reason, offsetMs }: AgentStatus['clock']): string {
  const offset = offsetMs === undefined ? '' : ` (${describeOffset(offsetMs)})`;
  return `${state}: ${reason}${offset}`;
}

function input({ name, state, lastReadingAt, error }: AgentStatus['inputs'][number], now: Date): string {
  if (state === 'failing') return `${name}: failing: ${error ?? 'no reason is known'}`;
  return lastReadingAt === undefined
    ? `${name}: no reading yet`
    : `${name}: ok, last reading ${age(lastReadingAt, now)} ago`;
}

function queue({ depth, dropped, storage, trouble }: AgentStatus['queue']): string {
  const reasons = Object.entries(dropped).filter(([, count]) => count > 0);
  const lost = reasons.map(([reason, count]) => `${count} (${reason})`).join(', ');
  const where = storage === 'disk' ? '' : `, in memory only: ${trouble ?? 'the disk cannot be written'}`;
  return `messages waiting: ${depth}, dropped: ${lost === '' ? 'none' : lost}${where}`;
}

function optional(name: string, value: string | undefined): Line[] {
  return value === undefined ? [] : [[name, value]];
}

function age(since: string, now: Date): string {
  return describeSpan(Math.max(0, now.getTime() - Date.parse(since)));
}
