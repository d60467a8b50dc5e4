import { X509Certificate } from 'node:crypto';
import { env } from 'node:process';
import { attestationOf } from '../provisioning/attestation.ts';
import { identitySource } from '../agent.ts';
import { CloudError } from '../cloud-error.ts';
import type { Config } from '../config/schema.ts';
import { removeFile } from '../lib/atomic-file.ts';
import { SystemClock } from '../lib/clock.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { describeSpan } from '../lib/span.ts';
import { assignmentFileIn } from '../provisioning/assignment-cache.ts';
import { credentialNames, loadCredential } from '../provisioning/credential.ts';
import type { Credential } from '../provisioning/credential.ts';
import type { Assignment } from '../provisioning/dps-client.ts';
import { Secrets } from '../provisioning/secrets.ts';
import { jsonDocument } from './output-option.ts';
import type { Output } from './output-option.ts';
import { readConfig } from './read-config.ts';
import { requestReprovision, runningAgent } from './running-agent.ts';
import { stateDirectoryOf } from './state-directory.ts';

/** What `identity show` tells: everything but secrets. */
export interface IdentityReport {
  readonly source: 'dps' | 'manual';
  readonly endpoint?: string;
  readonly scopeId?: string;
  readonly credentials: readonly CredentialReport[];
  readonly assignment?: Assignment & { readonly credential: string; readonly ageSeconds: number };
  readonly runningAs?: number;
}

interface Loaded {
  readonly name: string;
  readonly credential?: Credential;
  readonly problem?: string;
}

interface CredentialReport {
  readonly name: string;
  readonly method: string;
  readonly registrationId?: string;
  /** Of an X.509 credential. */
  readonly subject?: string;
  readonly sha256Thumbprint?: string;
  readonly validTo?: string;
  /** Why it cannot be used. */
  readonly problem?: string | undefined;
}

/** `dps-agent identity show`. */
export async function showIdentity(configPath: string, output: Output): Promise<string> {
  const report = await identityReport(configPath);
  return output === 'json' ? jsonDocument(report) : asText(report);
}

/** When DPS is asked again; with source manual it never is. */
export interface AskingAgain {
  readonly asksDps: 'now' | 'at-next-start' | 'never';
  readonly runningAs?: number | undefined;
}

/** `dps-agent identity forget`: the next start asks DPS. */
export async function forgetIdentity(configPath: string, output: Output): Promise<string> {
  const { stateDirectory, source } = await identityPlace(configPath);
  await removeFile(assignmentFileIn(stateDirectory));
  const runningAs = await runningAgent(stateDirectory);
  const asksDps = source === 'manual' ? 'never' : 'at-next-start';
  if (output === 'json') return jsonDocument({ asksDps, runningAs } satisfies AskingAgain);
  if (source === 'manual') return `There is nothing to forget: ${byConfiguration}.\n`;
  if (runningAs === undefined)
    return 'The cached assignment is forgotten: the agent asks DPS at its next start.\n';
  return `The cached assignment is forgotten. The agent runs (process ${runningAs}) and keeps its hub until it is started anew; to have it ask DPS now: dps-agent identity reprovision\n`;
}

/** `dps-agent identity reprovision`: the running agent asks DPS, or the next one does. */
export async function reprovisionIdentity(configPath: string, output: Output): Promise<string> {
  const { stateDirectory, source } = await identityPlace(configPath);
  const runningAs = await runningAgent(stateDirectory);
  if (runningAs === undefined) await removeFile(assignmentFileIn(stateDirectory));
  else requestReprovision(runningAs);
  if (output === 'json') {
    const ofDps = runningAs === undefined ? 'at-next-start' : 'now';
    return jsonDocument({ asksDps: source === 'manual' ? 'never' : ofDps, runningAs } satisfies AskingAgain);
  }
  const who = runningAs === undefined ? 'The agent is not running; it' : `The agent (process ${runningAs})`;
  const when = runningAs === undefined ? ' at its next start' : '';
  if (source === 'manual') return `${who} reads its hub anew${when}: ${byConfiguration}.\n`;
  if (runningAs === undefined) return `${who} asks DPS${when}.\n`;
  return `${who} asks DPS again; its log says what comes of it.\n`;
}

const byConfiguration = 'the configuration says which hub it is, and no DPS is asked (source: manual)';

async function identityPlace(
  configPath: string,
): Promise<{ readonly stateDirectory: string; readonly source: 'dps' | 'manual' }> {
  const { config } = await readConfig(configPath);
  return { stateDirectory: stateDirectoryOf(config), source: config.provisioning.source };
}

async function identityReport(configPath: string): Promise<IdentityReport> {
  const { config } = await readConfig(configPath);
  const { provisioning } = config;
  const stateDirectory = stateDirectoryOf(config);
  const clock = new SystemClock();
  const secrets = new Secrets({ env, credentialsDirectory: env['CREDENTIALS_DIRECTORY'] });
  const attestation = attestationOf(provisioning.attestation, stateDirectory);
  const loaded = await Promise.all(
    credentialNames(attestation).map(async (name): Promise<Loaded> => {
      try {
        return { name, credential: await loadCredential(attestation, name, { secrets, clock }) };
      } catch (error) {
        if (error instanceof CloudError) return { name, problem: describeError(error) };
        throw error;
      }
    }),
  );
  const identity = identitySource({ current: config }, stateDirectory, {
    clock,
    secrets,
    log: silent,
    dps: unreachable,
  });
  const pid = await runningAgent(stateDirectory);
  return {
    ...sourceOf(provisioning),
    credentials: loaded.map(({ name, credential, problem }) =>
      credential === undefined ? { name, method: attestation.method, problem } : describe(credential),
    ),
    ...(await assignmentOf(loaded, identity, clock.now())),
    ...(pid === undefined ? {} : { runningAs: pid }),
  };
}

function sourceOf(
  provisioning: Config['provisioning'],
): Pick<IdentityReport, 'source' | 'endpoint' | 'scopeId'> {
  if (provisioning.source === 'manual') return { source: 'manual' };
  const { globalEndpoint, scopeId } = provisioning;
  return { source: 'dps', endpoint: `${globalEndpoint.host}:${globalEndpoint.port}`, scopeId };
}

async function assignmentOf(
  loaded: readonly Loaded[],
  identity: { cached(credential: Credential): Promise<Assignment | undefined> },
  now: Date,
): Promise<Pick<IdentityReport, 'assignment'>> {
  for (const { name, credential } of loaded) {
    const cached = credential === undefined ? undefined : await identity.cached(credential);
    if (cached !== undefined) {
      const ageSeconds = Math.round((now.getTime() - Date.parse(cached.assignedAt)) / 1000);
      return { assignment: { ...cached, credential: name, ageSeconds } };
    }
  }
  return {};
}

function describe(credential: Credential): CredentialReport {
  const { name, method, registrationId } = credential;
  if (method === 'symmetric_key') return { name, method, registrationId };
  const { subject, fingerprint256, validTo } = new X509Certificate(credential.certificate);
  return {
    name,
    method,
    registrationId,
    subject: subject.replaceAll('\n', ', '),
    sha256Thumbprint: fingerprint256.replaceAll(':', ''),
    validTo,
  };
}

function asText({ source, endpoint, scopeId, credentials, assignment, runningAs }: IdentityReport): string {
  const lines = [
    [
      'source',
      source === 'dps' ? `DPS at ${String(endpoint)}, ID scope ${String(scopeId)}` : 'the configuration',
    ],
    ...credentials.map((each) => [`${each.name} credential`, credentialText(each)]),
    ['hub', assignment?.assignedHub ?? 'none yet: DPS is asked at the next start'],
    ...(assignment === undefined
      ? []
      : [
          ['device', assignment.deviceId],
          [
            'assigned',
            `${assignment.assignedAt} (${describeSpan(assignment.ageSeconds * 1000)} ago), with the ${assignment.credential} credential`,
          ],
          ...(assignment.trigger === undefined ? [] : [['because of', assignment.trigger]]),
          ...(assignment.substatus === undefined ? [] : [['substatus', assignment.substatus]]),
        ]),
    ['agent', runningAs === undefined ? 'not running' : `running, process ${runningAs}`],
  ];
  return lines.map(([name = '', value = '']) => `${name.padEnd(22)}${value}\n`).join('');
}

function credentialText({
  method,
  registrationId,
  sha256Thumbprint,
  validTo,
  problem,
}: CredentialReport): string {
  if (problem !== undefined) return `${method}: ${problem}`;
  const certificate =
    sha256Thumbprint === undefined ? '' : `, SHA-256 ${sha256Thumbprint}, valid until ${String(validTo)}`;
  return `${method}, registration ID ${String(registrationId)}${certificate}`;
}

const nothing = (): void => undefined;
const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silent };

/** Nothing here asks DPS. */
const unreachable = {
  register: () => Promise.reject(new Error('cannot ask DPS from here')),
};
