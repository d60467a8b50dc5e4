/** Something only a person can put right. The process ends with status 78 and systemd does not restart it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The text of anything that was thrown, with the causes behind it, for a log line. */
export function describeError(error: unknown): string {
  return describe(error, []);
}

/** @param outer what this one is a cause of: errors that cause one another are told once */
function describe(error: unknown, outer: readonly unknown[]): string {
  if (outer.includes(error)) return '';
  if (!(error instanceof Error)) return String(error);
  const chain = [...outer, error];
  const own = error.message === '' ? error.name : error.message;
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [];
  const inner = errors.map((one) => describe(one, chain)).join('; ');
  const cause = error.cause === undefined ? '' : describe(error.cause, chain);
  return [own, inner, cause].filter((part) => part !== '').join(': ');
}
