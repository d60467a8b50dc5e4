import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { shellWord } from '../../src/lib/shell-word.ts';

/** Somebody at a terminal. */
export interface AtTerminal {
  readonly code: number | null;
  /** All that was on the screen, with plain line breaks and without what moves the cursor. */
  readonly screen: string;
}

/** What is typed when the screen shows this for the next time. */
export type Typing = readonly [shown: string, typed: string];

/** Runs a program at a terminal of its own (util-linux's script); its exit code is the program's. */
export async function atTerminal(command: readonly string[], typing: readonly Typing[]): Promise<AtTerminal> {
  const line = command.map(shellWord).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--echo', 'never', '--command', line, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'dumb' },
  });
  const left = [...typing];
  let screen = '';
  let searched = 0;
  child.stdout.on('data', (data: Buffer) => {
    screen += data.toString();
    for (let next = left[0]; next !== undefined; next = left[0]) {
      const at = screen.indexOf(next[0], searched);
      if (at === -1) return;
      searched = at + next[0].length;
      child.stdin.write(next[1]);
      left.shift();
    }
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, screen: plain(screen) };
}

function plain(screen: string): string {
  // A literal may have no control characters.
  const escape = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g');
  return screen.replaceAll(escape, '').replaceAll('\r', '');
}
