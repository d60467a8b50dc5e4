import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Log } from '../../lib/log.ts';

/**
 * A small process that outlives this one by a moment: it is told which processes there are, and when it hears no more, since
 * whoever told it is gone, it ends them. Nothing else does so: an agent that is frozen, or installed, notices nothing.
 */
export class Keeper {
  readonly #shell: ChildProcess;
  #isClosed = false;

  constructor(log: Log) {
    // A group of its own, so that Ctrl-C in a terminal does not reach it.
    this.#shell = spawn('/bin/sh', ['-c', script], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: {},
    });
    this.#shell.stdin?.on('error', () => undefined);
    this.#shell.once('error', (error) => {
      log.warn(
        { error: error.message },
        'cannot start the keeper: agents would outlive a director that is killed',
      );
    });
    this.#shell.once('exit', (code, signal) => {
      if (!this.#isClosed)
        log.warn({ code, signal }, 'the keeper has ended: agents would outlive the director');
    });
  }

  began(pid: number): void {
    this.#shell.stdin?.write(`${pid}\n`);
  }

  ended(pid: number): void {
    this.#shell.stdin?.write(`-${pid}\n`);
  }

  /** Whoever still runs is ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const { pid, exitCode, signalCode } = this.#shell;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const gone = once(this.#shell, 'exit');
    this.#shell.stdin?.end();
    await gone;
  }
}

/** With a shell's own words alone: there is no PATH. */
const script = `
trap '' HUP INT TERM
alive=' '
while read -r word; do
  case $word in
    -*) pid=\${word#-}
        case "$alive" in *" $pid "*) alive="\${alive%%" $pid "*} \${alive#*" $pid "}" ;; esac ;;
    *) alive="$alive$word " ;;
  esac
done
for pid in $alive; do kill -KILL "$pid" 2>/dev/null; done
`;
