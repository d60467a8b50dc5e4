// What `dps-agent-soak crew` does, of the sources.
import process from 'node:process';
import { crewFailure, runCrew } from '../../../src/soak/crew/main.ts';

runCrew().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(crewFailure(error));
    process.exit(1);
  },
);
