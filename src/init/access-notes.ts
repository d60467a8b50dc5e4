import { stat } from 'node:fs/promises';
import type { Account } from '../lib/account.ts';
import { describeError } from '../lib/errors.ts';
import { shellWord } from '../lib/shell-word.ts';
import type { Setup } from './setup.ts';

/**
 * A note for each file that stays where it is and that the user of the service may not read, with the command that lets
 * it. Only the files' own modes are looked at, not the directories above them.
 */
export async function accessNotes(
  { identity, trustBundle }: Setup,
  account: Pick<Account, 'userId' | 'groupId'>,
  user: string,
): Promise<string[]> {
  const own = 'certificate' in identity ? [identity.certificate, identity.privateKey] : [];
  const notes: string[] = [];
  for (const path of [...own, ...(trustBundle === undefined ? [] : [trustBundle])]) {
    try {
      if (await mayRead(path, account)) continue;
      notes.push(
        `${path} cannot be read by the user ${user}, as which the service runs: chown ${user} ${shellWord(path)}`,
      );
    } catch (error) {
      // What IoT Edge's file names may be gone; check and run say so, too.
      notes.push(`${path} cannot be looked at: ${describeError(error)}`);
    }
  }
  return notes;
}

async function mayRead(
  path: string,
  { userId, groupId }: Pick<Account, 'userId' | 'groupId'>,
): Promise<boolean> {
  const { uid, gid, mode } = await stat(path);
  if (userId === uid) return (mode & 0o400) !== 0;
  return (mode & (groupId === gid ? 0o040 : 0o004)) !== 0;
}
