// The wire as a process of its own, for tests: what `dps-agent-soak wire` does.
import process from 'node:process';
import { SystemClock } from '../../src/lib/clock.ts';
import { seededRandom } from '../../src/lib/seeded-random.ts';
import { runWire } from '../../src/soak/wire/run-wire.ts';

await runWire({
  stdin: process.stdin,
  stdout: process.stdout,
  clock: new SystemClock(),
  random: seededRandom(1),
});
