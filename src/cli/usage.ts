/**
 * Exit codes with a fixed meaning. 3 is what `systemctl status` has for a service that does not run. 75 is EX_TEMPFAIL of
 * sysexits.h: none of success, so that systemd starts the agent again with `Restart=on-failure`, too. 78 is its EX_CONFIG,
 * on which systemd is told not to.
 */
export const exitCodes = {
  success: 0,
  failure: 1,
  notRunning: 3,
  usage: 64,
  restart: 75,
  config: 78,
  secondSignal: 143,
} as const;

/** The command line was not understood: its message says what to type. Status 64. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked for cannot be done, and the message, which begins "cannot", tells a person all there is. Status 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
