import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import type { Verdict } from '../../src/soak/judge/verdict.ts';
import { buildWith } from './planted-bug.ts';
import type { PlantedBug } from './planted-bug.ts';
import { drop, leak, manyAtOnce, manyInPeace, storm, sulk } from './planted-bugs.ts';

// A judge that cannot fail is worthless: each agent here has a bug, and the verdict must name what it breaks.

const root = join(import.meta.dirname, '..', '..');
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dps-agent-planted-'));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

const alone = [leak, drop, storm, sulk];
/** These have nothing to do with one another; an agent that does not connect delivers nothing, of course. */
const apart = [leak, drop, storm];

// Two at a time: most of it is waiting.
describe('an agent that', { concurrency: 2 }, () => {
  for (const bug of alone) {
    it(`${bug.name} breaks "${bug.breaks}"`, async () => {
      const { status, broken, printed } = await soak(bug.name, [bug], await impatientSmoke());

      assert.equal(status, 1, printed);
      assert.ok(broken.has(bug.breaks), printed);
      if (!apart.includes(bug)) return;
      const others = apart.filter((each) => each !== bug && broken.has(each.breaks));
      assert.deepEqual(others, [], printed);
    });
  }

  it('has many bugs has each of them named', async () => {
    await namesEach('many', manyAtOnce, await impatientSmoke());
  });

  it('has many others has each of them named where little goes wrong', async () => {
    await namesEach('peace', manyInPeace, join(import.meta.dirname, 'peace.yaml'));
  });
});

async function namesEach(name: string, bugs: readonly PlantedBug[], scenario: string): Promise<void> {
  const { status, broken, printed } = await soak(name, bugs, scenario);

  assert.equal(status, 1, printed);
  const unseen = bugs.filter(({ breaks }) => !broken.has(breaks));
  assert.deepEqual(unseen, [], printed);
}

interface Soaked {
  readonly status: number | null;
  /** By their IDs, as `result.json` has them. */
  readonly broken: ReadonlySet<string>;
  readonly printed: string;
}

async function soak(name: string, bugs: readonly PlantedBug[], scenario: string): Promise<Soaked> {
  const here = join(folder, name.replaceAll(' ', '-'));
  const agent = `${here}.cjs`;
  await buildWith(bugs, agent);
  const { status, printed } = await run([
    ...['--scenario', scenario, '--agents', '10', '--duration', '60s'],
    ...['--agent-program', agent, '--out', here],
  ]);
  const verdict = JSON.parse(await readFile(join(here, 'result.json'), 'utf8')) as Verdict;
  const broken = verdict.invariants.filter(({ outcome }) => outcome === 'broken');
  assert.equal(verdict.ok, broken.length === 0);
  for (const { title } of broken) assert.match(printed, new RegExp(`^BROKEN +${title}: `, 'm'));
  return { status, broken: new Set(broken.map(({ id }) => id)), printed };
}

/** "smoke", but nothing is waited for so long. */
async function impatientSmoke(): Promise<string> {
  const path = join(folder, 'smoke.yaml');
  const smoke = await readFile(join(root, 'config', 'soak', 'smoke.yaml'), 'utf8');
  await writeFile(
    path,
    smoke.replace(/^calm: .*$/m, 'calm: 20s').replace(/^ {2}stuck: .*$/m, '  stuck: 15s'),
  );
  return path;
}

async function run(options: readonly string[]): Promise<{ status: number | null; printed: string }> {
  const program = join(root, 'dist', 'dps-agent-soak.cjs');
  const child = spawn(process.execPath, [program, 'run', ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err] = [text(child.stdout), text(child.stderr)];
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, printed: (await out) + (await err) };
}
