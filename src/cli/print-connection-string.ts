import { CloudError } from '../cloud-error.ts';
import { realWorld } from '../world.ts';
import { errorLog } from './error-log.ts';
import { jsonDocument } from './output-option.ts';
import type { Output } from './output-option.ts';
import { print } from './print.ts';
import { readConfig } from './read-config.ts';
import { explain, registerOnce, say } from './register-once.ts';
import type { Registered } from './register-once.ts';
import { exitCodes } from './usage.ts';

/** What programs are told. */
export interface ConnectionReport {
  readonly hub: string;
  readonly device: string;
  /** Which one DPS has accepted. */
  readonly credential: string;
  readonly method: string;
  /** Absent where it holds a key that may not be shown. */
  readonly connectionString?: string;
}

/**
 * Registers once and prints the connection string; nothing else goes to standard output.
 * @param mayReveal whether the key may be shown; as text the string is printed whatever this says
 */
export async function printConnectionString(
  configPath: string,
  output: Output,
  mayReveal: boolean,
): Promise<number> {
  const { config, warnings } = await readConfig(configPath);
  for (const warning of warnings) say(warning);
  try {
    const registered = await registerOnce(config, await realWorld({ current: config }, errorLog));
    await print(
      output === 'json'
        ? jsonDocument(connectionReport(registered, mayReveal))
        : `${connectionStringOf(registered)}\n`,
    );
    return exitCodes.success;
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    explain(error);
    return exitCodes.failure;
  }
}

function connectionReport(registered: Registered, mayReveal: boolean): ConnectionReport {
  const { assignment, credential } = registered;
  const { assignedHub: hub, deviceId: device } = assignment;
  const { name, method } = credential;
  const isShown = mayReveal || method === 'x509';
  return {
    ...{ hub, device, credential: name, method },
    ...(isShown ? { connectionString: connectionStringOf(registered) } : {}),
  };
}

/** What other tools take (protocol.md 6): the key as it is, whatever it ends with. */
function connectionStringOf({ assignment: { assignedHub, deviceId }, credential }: Registered): string {
  const proof = credential.method === 'x509' ? 'x509=true' : `SharedAccessKey=${credential.key.reveal()}`;
  return `HostName=${assignedHub};DeviceId=${deviceId};${proof}`;
}
