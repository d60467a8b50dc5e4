import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** As whom a program runs. */
export interface Account {
  readonly userId: number;
  readonly groupId: number;
  readonly home: string;
}

/**
 * Looks a user up in `etc/passwd` under `root`, by name or by number. Accounts that stand elsewhere (LDAP, dynamic users
 * of systemd) are not found. Rejects when there is none, or when the file cannot be read.
 */
export async function findAccount(root: string, user: string): Promise<Account> {
  const path = join(root, 'etc/passwd');
  const lines = (await readFile(path, 'utf8')).split('\n').map((line) => line.split(':'));
  const column = /^\d+$/.test(user) ? 2 : 0;
  const account = lines.map(accountOf).find((_, index) => lines[index]?.[column] === user);
  if (account === undefined) throw new Error(`cannot find the user ${user} in ${path}`);
  return account;
}

/** name:password:UID:GID:comment:home:shell (passwd(5)) */
function accountOf([, , userId, groupId, , home]: string[]): Account | undefined {
  if (!/^\d+$/.test(userId ?? '') || !/^\d+$/.test(groupId ?? '')) return undefined;
  return { userId: Number(userId), groupId: Number(groupId), home: home ?? '/' };
}
