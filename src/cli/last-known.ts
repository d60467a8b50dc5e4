import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unitProperties } from '../checks/unit-properties.ts';
import type { RunProgram } from '../clock-sync/run-program.ts';
import { readFileIfPresent } from '../lib/atomic-file.ts';
import { isJsonObject, isText, parseJson } from '../lib/json.ts';
import { describeSpan } from '../lib/span.ts';
import { assignmentFileIn } from '../provisioning/assignment-cache.ts';
import { isForbidden } from './forbidden.ts';
import { defaultStateDirectory } from './state-directory.ts';
import { exitCodes } from './usage.ts';

/** What there is to be said of an agent that does not run. */
export interface LastKnown {
  readonly running: false;
  readonly stateDirectory: string;
  /** Whoever asks may not look into it. */
  readonly isHidden?: true;
  /** The service as systemd has it; absent where there is no systemd, no such unit, or another state directory. */
  readonly service?: ServiceState;
  /** What DPS has said last. */
  readonly assignment?: { readonly hub: string; readonly device: string; readonly assignedAt: string };
  /** Telemetry that waits on the disk for the next start. */
  readonly queue?: { readonly bytes: number };
}

interface ServiceState {
  /** systemd's words: `failed`, `inactive`, `activating`. */
  readonly active: string;
  /** `success`, `exit-code`, `signal`, `watchdog`, … */
  readonly result: string;
  /** Of the last run; for a signal, its number. */
  readonly exitStatus: number;
  /** `enabled`: it starts with the machine. */
  readonly enabled: string;
}

const properties = ['LoadState', 'ActiveState', 'Result', 'ExecMainStatus', 'UnitFileState'] as const;

/** Reads what can be read, as whoever asks: what cannot is left out. */
export async function lastKnown(stateDirectory: string, run: RunProgram): Promise<LastKnown> {
  const isServices = stateDirectory === defaultStateDirectory;
  const [isHidden, service, assignment, bytes] = await Promise.all([
    mayNotBeRead(stateDirectory),
    isServices ? serviceState(run) : undefined,
    lastAssignment(stateDirectory),
    bytesIn(join(stateDirectory, 'queue')),
  ]);
  return {
    running: false,
    stateDirectory,
    ...(isHidden ? { isHidden } : {}),
    ...(service === undefined ? {} : { service }),
    ...(assignment === undefined ? {} : { assignment }),
    ...(bytes === undefined ? {} : { queue: { bytes } }),
  };
}

/** The same for people, with what to type next. */
export function lastKnownText(known: LastKnown, now: Date): string {
  const { service, assignment, queue, stateDirectory, isHidden = false } = known;
  const since = assignment === undefined ? 0 : now.getTime() - Date.parse(assignment.assignedAt);
  const lines = [
    ['agent', 'not running'],
    ...(service === undefined ? [] : [['service', serviceText(service)]]),
    ['state in', isHidden ? `${stateDirectory}, which this user may not read` : stateDirectory],
    ...(assignment === undefined
      ? []
      : [
          ['hub', `${assignment.hub}, as ${assignment.device}`],
          ['assigned', `by DPS ${describeSpan(since)} ago`],
        ]),
    ...(queue === undefined ? [] : [['queue', `${Math.ceil(queue.bytes / 1000)} KB on the disk`]]),
    ...[...nextSteps(service), ...(isHidden ? [lookAsRoot] : [])].map((step, index) => [
      index === 0 ? 'next' : '',
      step,
    ]),
  ];
  return lines.map(([name = '', value = '']) => `${name.padEnd(12)}${value}\n`).join('');
}

const lookAsRoot = 'to see what it left behind: sudo dps-agent status';

/** Whether a service in this state of systemd's has no process. */
export function isOver(active: string): boolean {
  return active === 'inactive' || active === 'failed';
}

function serviceText({ active, result, exitStatus, enabled }: ServiceState): string {
  const ended = result === 'success' ? '' : `, last ended by ${result} (status ${exitStatus})`;
  return `${active}, ${enabled}${ended}`;
}

function nextSteps(service: ServiceState | undefined): string[] {
  if (service === undefined) return ['to run it in this terminal: dps-agent run'];
  if (service.exitStatus === exitCodes.config)
    return ['to see what is wrong with the configuration: dps-agent config validate'];
  if (service.active === 'failed')
    return ['to see why it ended: journalctl -u dps-agent -e', 'to start it: sudo systemctl start dps-agent'];
  const isEnabled = service.enabled.startsWith('enabled');
  return [`to start it: sudo systemctl ${isEnabled ? 'start' : 'enable --now'} dps-agent`];
}

async function serviceState(run: RunProgram): Promise<ServiceState | undefined> {
  const told = await unitProperties(properties, run, new AbortController().signal);
  if (told?.LoadState !== 'loaded') return undefined;
  const { ActiveState, Result, ExecMainStatus = 0, UnitFileState } = told;
  return {
    active: ActiveState ?? 'unknown',
    result: Result ?? 'success',
    exitStatus: Number(ExecMainStatus),
    enabled: UnitFileState ?? 'unknown',
  };
}

async function lastAssignment(stateDirectory: string): Promise<LastKnown['assignment']> {
  const text = await readFileIfPresent(assignmentFileIn(stateDirectory)).catch(() => undefined);
  const file = text === undefined ? undefined : parseJson(text);
  const assignment = isJsonObject(file) ? file['assignment'] : undefined;
  if (!isJsonObject(assignment)) return undefined;
  const { assignedHub: hub, deviceId: device, assignedAt } = assignment;
  return isText(hub) && isText(device) && isText(assignedAt) ? { hub, device, assignedAt } : undefined;
}

async function mayNotBeRead(folder: string): Promise<boolean> {
  return readdir(folder).then(
    () => false,
    (error: unknown) => isForbidden(error),
  );
}

/** Of all files below; `undefined` where that may not be looked at, or is not there. */
async function bytesIn(folder: string): Promise<number | undefined> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const sizes = await Promise.all(
      files.map(async (file) => (await stat(join(file.parentPath, file.name))).size),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch {
    return undefined;
  }
}
