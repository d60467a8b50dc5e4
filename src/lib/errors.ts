/** Something only a person can put right. The process ends with status 78 and systemd does not restart it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The text of anything that was thrown, with the causes behind it, for a log line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.message === '' ? error.name : error.message;
  const inner = error instanceof AggregateError ? error.errors.map(describeError).join('; ') : '';
  const cause = error.cause === undefined ? '' : describeError(error.cause);
  return [own, inner, cause].filter((part) => part !== '').join(': ');
}
