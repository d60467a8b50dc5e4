import process from 'node:process';
import { dispatch } from './cli/dispatch.ts';
import { CommandError, exitCodes } from './cli/usage.ts';
import { ConfigError, describeError } from './lib/errors.ts';

void main(process.argv.slice(2)).then((code) => process.exit(code));

async function main(args: string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    return exitCodes.config;
  }
  if (error instanceof CommandError) {
    process.stderr.write(`dps-agent: ${describeError(error)}\n`);
    return exitCodes.failure;
  }
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  process.stderr.write(`dps-agent cannot go on: ${describeError(error)}\n${stack}\n`);
  return exitCodes.failure;
}
