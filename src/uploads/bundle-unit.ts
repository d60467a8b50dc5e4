import { describeError } from '../lib/errors.ts';

/** Runs a program to its end, and gives what it wrote to standard output; rejects when it fails. */
export type RunProgram = (program: string, args: readonly string[], signal: AbortSignal) => Promise<string>;

/** The service's unit with its drop-ins, and what systemd knows of it. Of its environment only the names are told. */
export async function unitText(unit: string, run: RunProgram, signal: AbortSignal): Promise<string> {
  const commands = [
    ['systemctl', 'cat', unit],
    ['systemctl', 'show', '--no-pager', unit],
  ] as const;
  const said = await Promise.all(
    commands.map(async ([program, ...args]) => {
      const text = await run(program, args, signal).catch((error: unknown) => describeError(error));
      return `== ${program} ${args.join(' ')}\n${withoutValues(text).trimEnd()}\n`;
    }),
  );
  return said.join('\n');
}

/** systemd.exec(5): what stands in these may be a secret, whatever it looks like. */
function withoutValues(text: string): string {
  return text
    .replaceAll(/^(Environment=)(.*)$/gm, (_, key: string, values: string) => key + namesOf(values))
    .replaceAll(/^(SetCredential(?:Encrypted)?=)([^:\n]*).*$/gm, '$1$2:[secret]');
}

function namesOf(values: string): string {
  const names = [...values.matchAll(/(?:^|[\s"'])(\w+)=/g)].map(([, name = '']) => `${name}=[secret]`);
  return names.join(' ');
}
