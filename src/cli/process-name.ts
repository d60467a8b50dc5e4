import { writeFileSync } from 'node:fs';

/**
 * What `top`, `pgrep` and the kernel's log call this process, in place of node's own name for its first thread. Not
 * `process.title`, which would take the arguments out of what `ps` shows: of two agents nobody could tell which is which.
 */
export function nameProcess(name: string): void {
  try {
    writeFileSync('/proc/self/comm', name);
  } catch {
    // Not Linux: it goes by the name of its program there, and does all the same.
  }
}
