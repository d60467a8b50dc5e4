import process from 'node:process';
import { dispatch } from './cli/dispatch.ts';
import { printError } from './cli/print.ts';
import { CommandError, exitCodes } from './cli/usage.ts';
import { ConfigError, describeError } from './lib/errors.ts';

// A deprecation is for who builds this. The SDK's own url.parse() would tell whoever runs it nothing to do.
process.noDeprecation = true;

void main(process.argv.slice(2)).then((code) => process.exit(code));

async function main(args: string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    // Where standard error takes nothing either, the exit status is all that can be said.
    await Promise.allSettled([printError(inWords(error))]);
    return error instanceof ConfigError ? exitCodes.config : exitCodes.failure;
  }
}

function inWords(error: unknown): string {
  if (error instanceof ConfigError) return `${error.message}\n`;
  if (error instanceof CommandError) return `dps-agent: ${describeError(error)}\n`;
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return `dps-agent cannot go on: ${describeError(error)}\n${stack}\n`;
}
