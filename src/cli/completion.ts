import { print } from './print.ts';
import { UsageError, exitCodes } from './usage.ts';
import { didYouMean, parseVerbArgs } from './verb.ts';
import type { Verb } from './verb.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export const completion: Verb = {
  name: 'completion',
  summary: 'print what makes a shell complete the commands and options of this program',
  usage: 'bash|zsh|fish',
  words: shells,
  description: [
    'The Debian package installs it for all three. Otherwise: source <(dps-agent completion bash) in ~/.bashrc, the same ' +
      'with zsh after compinit in ~/.zshrc, and dps-agent completion fish | source in ~/.config/fish/config.fish.',
  ],
  options: {},
  run: async (args) => {
    const [word, second] = parseVerbArgs({}, args).positionals;
    const shell = shells.find((each) => each === word);
    if (shell === undefined || second !== undefined) throw refused(second ?? word);
    const [{ completions }, { verbs }] = await Promise.all([
      import('./completion/shells.ts'),
      import('./verbs.ts'),
    ]);
    await print(completions[shell].script(verbs));
    return exitCodes.success;
  },
};

function refused(word: string | undefined): UsageError {
  if (word === undefined) return new UsageError('the name of a shell is missing');
  return new UsageError(`cannot complete in ${JSON.stringify(word)}${didYouMean(word, shells)}`);
}
