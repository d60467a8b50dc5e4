import manifest from '../package.json' with { type: 'json' };

/** The version of the program, as it stands in the log, in the twin and in `--version`. */
export const agentVersion: string = manifest.version;
