import { chmodSync } from 'node:fs';
import { chown, lstat, readFile, stat } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { removeFile } from '../lib/atomic-file.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

/** unix(7): `sun_path` has 108 bytes, the last of them zero. A longer path would be cut short without a word. */
export const longestPathBytes = 107;

const ownersOnly = 0o600;

export interface SocketPlace {
  /** Its folder must be there. */
  readonly path: string;
  /** Absent: 0o600. */
  readonly mode?: number;
  /** The name of the group that the mode lets in; absent: the agent's own. */
  readonly group?: string;
  /** Where groups are looked up. */
  readonly groupFile?: string;
}

/**
 * Listens at a Unix socket; takes the place of an agent that was killed. Rejects when there can be no socket. When its
 * group cannot have it, nobody but the agent's user has, and a warning says so.
 */
export async function listenAtSocket(server: Server, place: SocketPlace, log: Log): Promise<void> {
  const { path } = place;
  refuseLongPath(path);
  await makeWay(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
    // Bound by now, unless it failed: there is no moment in which the umask decides who may connect.
    if (server.listening) chmodSync(path, ownersOnly);
  });
  await letIn(place, log);
}

async function letIn({ path, mode = ownersOnly, group, groupFile }: SocketPlace, log: Log): Promise<void> {
  try {
    if (group !== undefined) await chown(path, -1, await groupId(group, groupFile ?? '/etc/group'));
    if (mode !== ownersOnly) chmodSync(path, mode);
  } catch (error) {
    log.warn(
      { path, group, error: describeError(error) },
      `cannot let the group ${group ?? ''} use ${path}, so only root and the agent’s user may: ${describeError(error)}; ` +
        'the agent’s user must belong to the group (usermod -aG)',
    );
  }
}

/** group(5) */
async function groupId(name: string, groupFile: string): Promise<number> {
  const lines = (await readFile(groupFile, 'utf8')).split('\n');
  const fields = lines.map((line) => line.split(':')).find(([first]) => first === name);
  const id = Number(fields?.[2]);
  if (fields === undefined || !Number.isInteger(id))
    throw new Error(`there is no group ${name} in ${groupFile}`);
  return id;
}

function refuseLongPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > longestPathBytes)
    throw new Error(`the path has ${bytes} bytes, and a socket’s at most ${longestPathBytes}`);
}

/** Removes the socket of an agent that was killed. Rejects when somebody listens there, or when it is no socket. */
async function makeWay(path: string): Promise<void> {
  // Node calls a folder that is missing a permission denied.
  await stat(dirname(path));
  const errorCode = await knock(path);
  if (errorCode === undefined) throw new Error('another agent does');
  if (errorCode !== 'ECONNREFUSED') return;
  if (!(await lstat(path)).isSocket()) throw new Error('there is a file, and it is no socket');
  await removeFile(path);
}

/** Why nobody can be reached there; `undefined` when somebody answers. */
function knock(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
  });
}
