import { writeSync } from 'node:fs';
import process from 'node:process';
import type { Log } from '../lib/log.ts';
import { SystemdNotifier } from '../supervision/notifier.ts';

/**
 * The way to systemd that `systemd/notify-fd` has left open: a descriptor connected to its socket, since Node has no
 * datagrams in the file system. Absent: nobody listens, as in a shell or a container.
 */
export function systemdNotifier(log: Log): SystemdNotifier | undefined {
  const { NOTIFY_FD, WATCHDOG_USEC, WATCHDOG_PID } = process.env;
  // Programs that the agent starts are no part of it.
  for (const name of ['NOTIFY_FD', 'WATCHDOG_USEC', 'WATCHDOG_PID'])
    Reflect.deleteProperty(process.env, name);
  const fd = wholeNumber(NOTIFY_FD);
  if (fd === undefined) return undefined;
  const isWatched = WATCHDOG_PID === undefined || wholeNumber(WATCHDOG_PID) === process.pid;
  const watchdogUsec = isWatched ? wholeNumber(WATCHDOG_USEC) : undefined;
  return new SystemdNotifier({
    send: (text) => {
      writeSync(fd, text);
    },
    watchdogMs: watchdogUsec === undefined ? undefined : watchdogUsec / 1000,
    log,
  });
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
