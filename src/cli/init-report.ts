import type { WrittenFile } from '../init/write-files.ts';
import { shellWord } from '../lib/shell-word.ts';
import type { Tried } from './try-connection.ts';

/** What `init` has done, for people and programs alike. */
export interface InitReport {
  readonly config: string;
  readonly written: readonly {
    readonly path: string;
    /** Octal, as chmod takes it. */
    readonly mode: string;
    /** Absent: whoever called. */
    readonly owner?: string | undefined;
    /** The copy of what was there before. */
    readonly kept?: string | undefined;
  }[];
  readonly notes: readonly string[];
  /** Commands, in this order. */
  readonly next: readonly string[];
}

export interface Initialised {
  readonly configPath: string;
  /** Whether that is where the service looks. */
  readonly isUsual: boolean;
  readonly written: readonly WrittenFile[];
  readonly notes: readonly string[];
  /** The user that was given the secrets. */
  readonly secretsOf: string | undefined;
}

export function initReport({ configPath, isUsual, written, notes, secretsOf }: Initialised): InitReport {
  const place = isUsual ? '' : ` --config ${shellWord(configPath)}`;
  const start = isUsual ? 'systemctl enable --now dps-agent' : `dps-agent run${place}`;
  return {
    config: configPath,
    written: written.map(({ path, mode, kept }) => ({
      path,
      mode: mode.toString(8).padStart(4, '0'),
      owner: path === configPath ? undefined : secretsOf,
      kept,
    })),
    notes,
    next: [`dps-agent check${place}`, start, `dps-agent status${place}`],
  };
}

export function initText({ written, notes, next }: InitReport): string {
  const width = Math.max(...written.map(({ path }) => path.length));
  const files = written.map(({ path, mode, owner, kept }) => {
    const about = [mode, ...(owner === undefined ? [] : [`of ${owner}`])].join(', ');
    return `  ${path.padEnd(width)}  ${about}${kept === undefined ? '' : `; before: ${kept}`}`;
  });
  const list = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
  return ['Written:', ...files, ...list('To note:', notes), ...list('Next:', next), '', ''].join('\n');
}

/** The last word, with what to do when it was a bad one. */
export function triedText(tried: Tried, configPath: string): string {
  if (tried.connected) return `It works: ${tried.hub} has let ${tried.deviceId} in.\n`;
  const { code, message, remedy } = tried;
  return [
    `It does not work yet: ${message} (${code})`,
    `What to do: ${remedy}`,
    `What was written stays: change ${configPath}, or begin again with dps-agent init --force`,
    '',
  ].join('\n');
}
