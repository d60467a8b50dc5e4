import { CloudError } from '../cloud-error.ts';
import { describeError } from '../lib/errors.ts';
import { realWorld } from '../world.ts';
import { errorLog } from './error-log.ts';
import { readConfig } from './read-config.ts';
import { registerOnce, say } from './register-once.ts';

/** What came of it. */
export type Tried =
  | { readonly connected: true; readonly hub: string; readonly deviceId: string }
  | {
      readonly connected: false;
      readonly code: string;
      readonly message: string;
      readonly remedy: string;
    };

/** Registers and connects once, as the configuration says, with what the agent does it with; remembers nothing. */
export async function tryConnection(configPath: string): Promise<Tried> {
  const { config } = await readConfig(configPath);
  const world = await realWorld({ current: config }, errorLog);
  try {
    const { assignment, credential } = await registerOnce(config, world);
    const { assignedHub: hub, deviceId } = assignment;
    say(`connecting to ${hub} as ${deviceId}`);
    const session = await world.hub.connect(assignment, credential, new AbortController().signal);
    await session.close();
    return { connected: true, hub, deviceId };
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    const { code } = error;
    return { connected: false, code, message: describeError(error), remedy: error.remedy };
  }
}
