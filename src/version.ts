import manifest from '../package.json' with { type: 'json' };

/** The version of the program, as it stands in the log, in the twin and in `--version`. */
export const agentVersion: string = manifest.version;

/** Put in by scripts/build.ts, as `2026-01-31`; not there where the sources run as they are. */
declare const BUILT_ON: string | undefined;

/** Not later than the program was built: the beginning of that day, in UTC. `undefined` where nobody built it. */
export const builtAt: Date | undefined = typeof BUILT_ON === 'undefined' ? undefined : new Date(BUILT_ON);
