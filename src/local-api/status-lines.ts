import { describeOffset, describeSpan } from '../lib/span.ts';
import { nextAttempt } from '../next-attempt.ts';
import type { AgentStatus, ErrorReport, StateReport } from './status.ts';

/** One fact in words, for the terminal and the page alike. */
export interface StatusLine {
  readonly name: string;
  readonly value: string;
  /** Absent: nothing to be said for or against it. */
  readonly tone?: Tone;
}

/** `bad` stands in the way, `warning` will or may, `good` is as it should be. */
export type Tone = 'good' | 'warning' | 'bad';

/** By what they are about, each in the order to be read. */
export type StatusLines = Readonly<
  Record<
    'agent' | 'state' | 'identity' | 'queue' | 'inputs' | 'messages' | 'tasks' | 'errors',
    readonly StatusLine[]
  >
>;

/** A certificate with fewer days left deserves a look. */
const fewDays = 14;

/** An agent's status in words. */
export function statusLines(status: AgentStatus, now: Date): StatusLines {
  return {
    agent: [agentLine(status, now), usageLine(status)],
    state: [stateLine(status.state, now), ...trouble(status, now), ...place(status.state)],
    identity: [...identity(status, now), clock(status.clock)],
    queue: [queue(status.queue, now), sent(status.telemetry)],
    inputs: status.inputs.map((each) => input(each, now)),
    messages: cloudMessages(status.messages),
    tasks: status.tasks.map((each) => task(each, now)),
    errors: status.errors.map((each) => pastError(each, now)),
  };
}

const states: Readonly<Record<StateReport['name'], Pick<StatusLine, 'value' | 'tone'>>> = {
  starting: { value: 'starting: looking whether the clock is right' },
  provisioning: { value: 'provisioning: learning which hub is its own' },
  connecting: { value: 'connecting to the hub' },
  connected: { value: 'connected', tone: 'good' },
  waiting: { value: 'waiting before the next attempt', tone: 'bad' },
  stopped: { value: 'stopped', tone: 'bad' },
};

function agentLine({ agent }: AgentStatus, now: Date): StatusLine {
  const running = age(agent.startedAt, now);
  return { name: 'agent', value: `${agent.version}, process ${agent.pid}, running for ${running}` };
}

function usageLine({ resources }: AgentStatus): StatusLine {
  const { cpuShare, rssBytes, eventLoopDelayMs, openFiles } = resources;
  const figures = [
    `${(cpuShare * 100).toFixed(1)} % of a processor`,
    `${Math.round(rssBytes / 1e6)} MB of memory`,
    ...(openFiles === undefined ? [] : [`open files: ${openFiles}`]),
    `event loop late by ${Math.round(eventLoopDelayMs)} ms`,
  ];
  return { name: 'uses', value: figures.join(', ') };
}

function stateLine({ name, since }: StateReport, now: Date): StatusLine {
  const { value, ...tone } = states[name];
  return { name: 'state', value: `${value} for ${age(since, now)}, since ${since}`, ...tone };
}

function trouble({ state, identity: { source } }: AgentStatus, now: Date): StatusLine[] {
  const { code, reason, remedy, nextAttemptAt, next } = state;
  if (code === undefined || nextAttemptAt === undefined || next === undefined) return [];
  const leftMs = Math.max(0, Date.parse(nextAttemptAt) - now.getTime());
  const then = nextAttempt(next, source);
  return [
    { name: 'error', value: `${String(reason)} [${code}]`, tone: 'bad' },
    { name: 'remedy', value: String(remedy) },
    { name: 'next', value: `${then} in ${describeSpan(leftMs)}` },
  ];
}

function place({ hub, device }: StateReport): StatusLine[] {
  return [...optional('hub', hub), ...optional('device', device)];
}

function identity({ identity: known, certificates }: AgentStatus, now: Date): StatusLine[] {
  const { source, credential } = known;
  const days = certificates.find(({ name }) => name === credential)?.daysLeft;
  const others = certificates.filter(({ name }) => name !== credential);
  return [
    { name: 'assigned', value: source === 'manual' ? 'by the configuration' : assigned(known, now) },
    ...(credential === undefined ? [] : [certificate('credential', credential, days)]),
    ...others.map(({ name, daysLeft }) => certificate('', name, daysLeft)),
  ];
}

function assigned({ assignedAt, trigger }: AgentStatus['identity'], now: Date): string {
  if (assignedAt === undefined) return 'not yet';
  const why = trigger === undefined ? '' : `, because of: ${trigger}`;
  return `by DPS ${age(assignedAt, now)} ago${why}`;
}

function certificate(name: string, credential: string, daysLeft: number | undefined): StatusLine {
  if (daysLeft === undefined) return { name, value: credential };
  if (daysLeft < 0) return { name, value: `${credential}, its certificate has expired`, tone: 'bad' };
  const value = `${credential}, its certificate’s days left: ${daysLeft}`;
  return { name, value, ...(daysLeft < fewDays ? { tone: 'warning' as const } : {}) };
}

function clock({ state, reason, offsetMs }: AgentStatus['clock']): StatusLine {
  const offset = offsetMs === undefined ? '' : ` (${describeOffset(offsetMs)})`;
  const isWrong = state === 'suspect' || state === 'waiting';
  return {
    name: 'clock',
    value: `${state}: ${reason}${offset}`,
    ...(isWrong ? { tone: 'warning' as const } : {}),
  };
}

function queue(report: AgentStatus['queue'], now: Date): StatusLine {
  const { depth, oldestAt, dropped, storage } = report;
  const reasons = Object.entries(dropped).filter(([, count]) => count > 0);
  const lost = reasons.map(([reason, count]) => `${count} (${reason})`).join(', ');
  const oldest = oldestAt === undefined ? '' : `, the oldest ${age(oldestAt, now)} old`;
  const where =
    storage === 'disk' ? '' : `, in memory only: ${report.trouble ?? 'the disk cannot be written'}`;
  const isWell = storage === 'disk' && reasons.length === 0;
  return {
    name: 'queue',
    value: `messages waiting: ${depth}${oldest}, dropped: ${lost === '' ? 'none' : lost}${where}`,
    ...(isWell ? {} : { tone: 'warning' as const }),
  };
}

function sent({ sent: count, acknowledged }: AgentStatus['telemetry']): StatusLine {
  return { name: 'telemetry', value: `messages sent: ${count}, acknowledged by the hub: ${acknowledged}` };
}

function input(report: AgentStatus['inputs'][number], now: Date): StatusLine {
  const { name, state, lastReadingAt, error } = report;
  if (state === 'failing')
    return { name: 'input', value: `${name}: failing: ${error ?? 'no reason is known'}`, tone: 'bad' };
  if (state === 'off') return { name: 'input', value: `${name}: off` };
  return lastReadingAt === undefined
    ? { name: 'input', value: `${name}: no reading yet` }
    : { name: 'input', value: `${name}: ok, last reading ${age(lastReadingAt, now)} ago`, tone: 'good' };
}

/** What a device that is sent none need not be told of. */
function cloudMessages(counts: AgentStatus['messages']): StatusLine[] {
  const { received, handled, waiting, expired, unmatched, failed, leftWithHub, damaged } = counts;
  if (received + waiting + leftWithHub + damaged === 0) return [];
  const lost = Object.entries({ expired, unmatched, failed, damaged }).filter(([, count]) => count > 0);
  const told = [
    `received: ${received}`,
    `handled: ${handled}`,
    `waiting: ${waiting}`,
    ...lost.map(([name, count]) => `${name}: ${count}`),
    ...(leftWithHub === 0 ? [] : [`left with the hub: ${leftWithHub}`]),
  ];
  const tone = failed + damaged > 0 ? { tone: 'warning' as const } : {};
  return [{ name: 'messages', value: told.join(', '), ...tone }];
}

function task(
  { correlationId, command, state, createdAt }: AgentStatus['tasks'][number],
  now: Date,
): StatusLine {
  return {
    name: 'task',
    value: `${command}: ${state}, asked for ${age(createdAt, now)} ago (${correlationId})`,
  };
}

function pastError({ code, reason, remedy, times, firstAt, lastAt }: ErrorReport, now: Date): StatusLine {
  const last = `${age(lastAt, now)} ago`;
  const when = times === 1 ? last : `${times} times, first ${age(firstAt, now)} ago, last ${last}`;
  return { name: 'past', value: `${when}: ${reason} [${code}] – ${remedy}` };
}

function optional(name: string, value: string | undefined): StatusLine[] {
  return value === undefined ? [] : [{ name, value }];
}

function age(since: string, now: Date): string {
  return describeSpan(Math.max(0, now.getTime() - Date.parse(since)));
}
