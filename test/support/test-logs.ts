import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

/**
 * Everything the programs under test log goes to the folder that the test runner names, and so do the secrets they were
 * given: when all is over, the runner looks for the one in the other (scripts/test.ts).
 */
const folder = process.env['TEST_LOGS_FOLDER'];

export function keepLogged(text: string): void {
  if (folder !== undefined) appendFileSync(join(folder, `${process.pid}.log`), text);
}

export function keepSecret(secret: string): void {
  if (folder !== undefined) appendFileSync(join(folder, 'secrets'), `${JSON.stringify(secret)}\n`);
}
