import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { CommandRunner } from './commands/command-runner.ts';
import { RebootService } from './commands/reboot-service.ts';
import type { Bell } from './lib/bell.ts';
import type { Secret } from './lib/secret.ts';
import type { Service } from './lib/service.ts';
import type { LiveConfig } from './live-config.ts';
import type { LogRing } from './logging/log-ring.ts';
import { getTaskStatus } from './methods/get-task-status.ts';
import type { Method } from './methods/method.ts';
import { reboot } from './methods/reboot.ts';
import { runCommand } from './methods/run-command.ts';
import { uploadLogs } from './methods/upload-logs.ts';
import { uploadSupportBundle } from './methods/upload-support-bundle.ts';
import type { Credential } from './provisioning/credential.ts';
import type { Assignment } from './provisioning/dps-client.ts';
import { hasEnded } from './tasks/task.ts';
import type { TaskRecord } from './tasks/task.ts';
import { unitName } from './supervision/unit-name.ts';
import { supportBundle } from './support-bundle.ts';
import { TaskRunner } from './tasks/task-runner.ts';
import type { ReportedProperties } from './twin/properties.ts';
import { CurrentUploads } from './uploads/current-uploads.ts';
import { journalLines } from './uploads/journal.ts';
import { knownSecrets } from './uploads/known-secrets.ts';
import { Scrubber } from './uploads/scrubber.ts';
import { UploadJobs } from './uploads/upload-jobs.ts';
import type { World } from './world.ts';

/** What work that the cloud asks for reaches into. */
export interface WorkPorts {
  readonly live: Pick<LiveConfig, 'current'>;
  readonly ring: LogRing;
  /** For the support bundle, as `status` and the local API have them. */
  readonly status: () => object;
  readonly metrics: () => string | Promise<string>;
  readonly metricsHistory: () => string;
  /** Every value with its source, secrets masked. */
  readonly effectiveConfig: () => string | Promise<string>;
  /** What `dps-agent check` would say; absent: it is not asked. */
  readonly check?: (signal: AbortSignal) => Promise<string>;
}

export interface DeviceWork {
  /** What runs whether or not there is a session. */
  readonly services: readonly Service[];
  readonly methods: readonly Method[];
  /** To be awaited before the services run. */
  load(): Promise<void>;
  /** A session has opened: files go by its hub from now on. */
  connected(assignment: Assignment, credential: Credential): void;
  /** For the twin: of each command the last task. It has changed when `changed` rings. */
  tasksReport(): ReportedProperties;
  /** What those may be called in the twin: nothing else is to stand there. */
  readonly taskNames: readonly string[];
  readonly changed: Bell;
  /** Tasks that have not ended, newest first. */
  readonly underWay: readonly TaskRecord[];
}

/** Tasks, uploads and commands, put together. */
export function deviceWork(ports: WorkPorts, stateDirectory: string, world: World): DeviceWork {
  const { live, ring } = ports;
  const { clock, secrets } = world;
  const [uploadLog, commandLog] = ['uploads', 'commands'].map((area) => world.log.child({ area }));
  const host = { ...world, log: commandLog ?? world.log };
  const tasks = new TaskRunner({
    path: join(stateDirectory, 'tasks.json'),
    clock,
    log: uploadLog ?? world.log,
    newId: randomUUID,
  });
  const current = new CurrentUploads();
  const known = (): Promise<readonly Secret[]> =>
    knownSecrets(live.current, (source) => secrets.read(source));
  const bundle = async function* (): AsyncGenerator<Buffer, void, undefined> {
    const { runProgram: run, nodeVersion } = world;
    const request = { stateDirectory, host, run, nodeVersion, madeBy: 'the running agent' };
    const sources = { ...ports, logs: () => ring.lines() };
    yield* supportBundle(sources, { ...request, secrets: await known() });
  };
  const jobs = new UploadJobs({
    tasks,
    uploads: () => current.current(),
    ring,
    journal: (filter) => journalLines(unitName, filter, host),
    makeBundle: bundle,
    scrubber: async () => new Scrubber(await known()),
    clock,
  });
  const commands = (): LiveConfig['current']['commands'] => live.current.commands;
  const runner = new CommandRunner({ commands, host, tasks });
  const rebooting = new RebootService({ commands, host });
  const allows = (name: 'runCommand' | 'reboot') => (): boolean => live.current.methods.allow.includes(name);
  const methods: readonly Method[] = [
    uploadLogs(jobs, clock),
    uploadSupportBundle(jobs),
    getTaskStatus(tasks),
    runCommand(runner, allows('runCommand')),
    reboot((delayMs) => {
      rebooting.request(delayMs);
    }, allows('reboot')),
  ];
  return {
    services: [tasks, rebooting],
    methods,
    load: () => tasks.load(),
    connected: (assignment, credential) => {
      current.use(world.fileUploads(assignment, credential));
    },
    tasksReport: () => tasks.tasksReport(),
    taskNames: methods.map(({ name }) => name),
    changed: tasks.changed,
    get underWay() {
      return tasks.list().filter((task) => !hasEnded(task));
    },
  };
}
