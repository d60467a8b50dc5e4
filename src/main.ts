import process from 'node:process';
import { run, lastWords } from './cli/run.ts';
import { UsageError, exitCodes, usage } from './cli/usage.ts';
import { ConfigError } from './lib/errors.ts';
import { agentVersion } from './version.ts';

void main(process.argv.slice(2)).then((code) => process.exit(code));

async function main([verb, ...args]: string[]): Promise<number> {
  try {
    return await dispatch(verb, args);
  } catch (error) {
    return report(error);
  }
}

async function dispatch(verb: string | undefined, args: string[]): Promise<number> {
  if (verb === '--help' || args.includes('--help')) return say(usage);
  if (verb === '--version') return say(`${agentVersion}\n`);
  if (verb === 'run') return run(args);
  throw new UsageError(
    verb === undefined ? 'a command is missing' : `there is no command ${JSON.stringify(verb)}`,
  );
}

function say(text: string): number {
  process.stdout.write(text);
  return exitCodes.success;
}

function report(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    return exitCodes.config;
  }
  if (error instanceof UsageError || isParseArgsError(error)) {
    process.stderr.write(`dps-agent: ${error.message}\n\n${usage}`);
    return exitCodes.usage;
  }
  process.stderr.write(`${lastWords(error)}\n${error instanceof Error ? (error.stack ?? '') : ''}\n`);
  return exitCodes.failure;
}

function isParseArgsError(error: unknown): error is Error {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}
