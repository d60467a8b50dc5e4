import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { readConfigText } from '../config/load.ts';
import { parseConfig } from '../config/parse.ts';
import { accessNotes } from '../init/access-notes.ts';
import { plannedFiles } from '../init/config-text.ts';
import { fromIotEdge } from '../init/from-iot-edge.ts';
import type { TakenOver } from '../init/from-iot-edge.ts';
import { interview } from '../init/interview.ts';
import { Incomplete, Refusal } from '../init/refusal.ts';
import { firstInputs } from '../init/setup.ts';
import type { FirstInput } from '../init/setup.ts';
import { suggestedId } from '../init/suggested-id.ts';
import { refuseUnwritable, writeFiles } from '../init/write-files.ts';
import { findAccount } from '../lib/account.ts';
import type { Account } from '../lib/account.ts';
import { readFileIfPresent } from '../lib/atomic-file.ts';
import { SystemClock } from '../lib/clock.ts';
import { configOption } from './config-option.ts';
import { givenSecrets } from './init-secrets.ts';
import type { SecretReferences } from './init-secrets.ts';
import { initReport, initText, triedText } from './init-report.ts';
import { jsonDocument } from './output-option.ts';
import type { Output } from './output-option.ts';
import { print } from './print.ts';
import { openTerminal } from './prompt-terminal.ts';
import { tryConnection } from './try-connection.ts';
import { CommandError, UsageError, exitCodes } from './usage.ts';

/** What the command line says. */
export interface InitRequest {
  readonly configPath: string;
  readonly fromIotEdge: string | undefined;
  readonly scopeId: string | undefined;
  readonly registrationId: string | undefined;
  readonly certificate: string | undefined;
  readonly privateKey: string | undefined;
  readonly secrets: SecretReferences;
  readonly endpoint: string | undefined;
  readonly caFile: string | undefined;
  readonly input: FirstInput | undefined;
  readonly force: boolean;
  readonly tries: boolean;
  readonly output: Output;
}

/** The user that the service runs as. */
const serviceUser = 'dps-agent';

const clock = new SystemClock();

/** `dps-agent init`. Returns the exit code. */
export async function runInit(request: InitRequest): Promise<number> {
  try {
    return await initialise({ ...request, configPath: resolve(request.configPath) });
  } catch (error) {
    if (error instanceof Incomplete) throw new UsageError(error.message, { cause: error });
    if (error instanceof Refusal) throw new CommandError(error.message, { cause: error.cause });
    throw error;
  }
}

async function initialise(request: InitRequest): Promise<number> {
  const { configPath, force, output } = request;
  await refuseUnwritable(configPath, force);
  const { setup, notes, tries } = await whatToWrite(request);
  const isUsual = configPath === configOption.default;
  const stateDirectory = isUsual ? undefined : join(dirname(configPath), 'state');
  const files = plannedFiles({ ...setup, stateDirectory }, configPath, clock.now());
  // What is written here is right, or this program has a bug.
  for (const { path, content, isSecret } of files) if (!isSecret) parseConfig(content, path);
  const owner = await serviceAccount();
  const access = owner === undefined ? [] : await accessNotes(setup, owner, serviceUser);
  const written = await writeFiles(files, { force, owner, at: clock.now() });
  const secretsOf = owner === undefined ? undefined : serviceUser;
  const report = initReport({ configPath, isUsual, written, notes: [...notes, ...access], secretsOf });
  if (output === 'text') await print(initText(report));
  const tried = tries ? await tryConnection(configPath) : undefined;
  if (output === 'json') await print(jsonDocument({ ...report, tried }));
  else if (tried !== undefined) await print(triedText(tried, configPath));
  return tried?.connected === false ? exitCodes.failure : exitCodes.success;
}

interface Wanted extends TakenOver {
  readonly tries: boolean;
}

const whereEdgeHasIt = 'give the path of the config.yaml of IoT Edge 1.1, usually /etc/iotedge/config.yaml';

async function whatToWrite(request: InitRequest): Promise<Wanted> {
  const { fromIotEdge: edgeFile, input, tries } = request;
  if (edgeFile === undefined) return asked(request);
  const taken = fromIotEdge(
    await readConfigText(edgeFile, whereEdgeHasIt),
    edgeFile,
    input ?? firstInputs[0],
  );
  return { ...taken, tries };
}

async function asked({ secrets, tries, ...request }: InitRequest): Promise<Wanted> {
  const given = { ...request, ...(await givenSecrets(secrets)) };
  const terminal = openTerminal();
  terminal?.say(
    `This writes ${request.configPath}. Enter alone takes what stands in brackets; Ctrl-C ends it, and nothing is written.`,
  );
  try {
    const machineId = await readFileIfPresent('/etc/machine-id');
    const suggestion = suggestedId(hostname(), machineId);
    const setup = await interview(given, { terminal, suggestedId: suggestion, clock });
    const isWanted = tries || (terminal !== undefined && (await wantsToTry(terminal)));
    return { setup, notes: [], tries: isWanted };
  } finally {
    terminal?.close();
  }
}

async function wantsToTry(terminal: { ask(question: string): Promise<string> }): Promise<boolean> {
  const answer = await terminal.ask('Register and connect once, to see whether it works? [yes]: ');
  return /^\s*(y|$)/i.test(answer);
}

/** Only root can give files away, and not every machine has the service installed. */
async function serviceAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  return findAccount('/', serviceUser).catch(() => undefined);
}
