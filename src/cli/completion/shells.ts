import type { Shell } from '../completion.ts';
import type { Verb } from '../verb.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

/** What makes a shell complete `dps-agent`, and the name under which the shell looks for it. */
export const completions: Readonly<Record<Shell, Completion>> = {
  bash: { fileName: 'dps-agent.bash', script: bashCompletion },
  zsh: { fileName: '_dps-agent', script: zshCompletion },
  fish: { fileName: 'dps-agent.fish', script: fishCompletion },
};

interface Completion {
  readonly fileName: string;
  readonly script: (verbs: readonly Verb[]) => string;
}
