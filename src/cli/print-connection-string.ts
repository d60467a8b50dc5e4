import process from 'node:process';
import { CloudError } from '../cloud-error.ts';
import { realWorld } from '../world.ts';
import { errorLog } from './error-log.ts';
import { readConfig } from './read-config.ts';
import { explain, registerOnce, say } from './register-once.ts';
import type { Registered } from './register-once.ts';
import { exitCodes } from './usage.ts';

/** Registers once and prints the connection string; nothing else goes to standard output. */
export async function printConnectionString(configPath: string): Promise<number> {
  const { config, warnings } = await readConfig(configPath);
  for (const warning of warnings) say(warning);
  try {
    const registered = await registerOnce(config, await realWorld({ current: config }, errorLog));
    process.stdout.write(`${connectionStringOf(registered)}\n`);
    return exitCodes.success;
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    explain(error);
    return exitCodes.failure;
  }
}

/** What other tools take (protocol.md 6): the key as it is, whatever it ends with. */
function connectionStringOf({ assignment: { assignedHub, deviceId }, credential }: Registered): string {
  const proof = credential.method === 'x509' ? 'x509=true' : `SharedAccessKey=${credential.key.reveal()}`;
  return `HostName=${assignedHub};DeviceId=${deviceId};${proof}`;
}
