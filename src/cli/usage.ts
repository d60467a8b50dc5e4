/** Exit codes with a fixed meaning; 78 is EX_CONFIG of sysexits.h, and systemd is told not to restart on it. */
export const exitCodes = { success: 0, failure: 1, usage: 64, config: 78, secondSignal: 143 } as const;

/** The command line was not understood: its message says what to type. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const usage = `Usage: dps-agent run [--config PATH]

Commands:
  run        register with DPS, connect to the assigned hub and stay connected

Options:
  --config PATH   the configuration (default /etc/dps-agent/config.yaml)
  --help          this text
  --version       the version
`;
