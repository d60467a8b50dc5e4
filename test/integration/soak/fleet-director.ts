// A director that is there to be killed: starts a fleet of one frozen agent and a crew, and says which processes they are.
import process from 'node:process';
import { join } from 'node:path';
import { Scratch } from '../../support/scratch.ts';
import { fleetFor } from './fleet-rig.ts';

const [directory = ''] = process.argv.slice(2);
const scratch = new Scratch();
const alone = await fleetFor(scratch, { name: 'alone', agents: 1 }, { directory: join(directory, 'alone') });
const crew = await fleetFor(
  scratch,
  { name: 'many', agents: 2 },
  { host: 'in-process', directory: join(directory, 'many') },
);
await Promise.all([alone.fleet.start(), crew.fleet.start()]);
alone.fleet.freeze('alone-0001');
process.stdout.write(`${alone.fleet.pid('alone-0001') ?? 0} ${crew.fleet.pid('crew-0001') ?? 0}\n`);
