import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { verbs } from '../../src/cli/verbs.ts';
import { Scratch } from '../support/scratch.ts';
import { linesOf, output, writeCompletion } from './shell.ts';

const scratch = new Scratch();
let folder: string;
const scripts: Record<string, string> = {};

before(async () => {
  folder = await scratch.folder();
  for (const shell of ['bash', 'zsh', 'fish'] as const) scripts[shell] = await writeCompletion(shell, folder);
  await writeFile(join(folder, 'gateway config.yaml'), '');
  await mkdir(join(folder, 'bench-authority'));
});
after(() => scratch.clean());

const firstWords = [...new Set(verbs.map(({ name }) => name.split(' ')[0] ?? ''))];

/** What is typed, its last word to be completed, and what must be offered for that. */
const everywhere: readonly (readonly [readonly string[], readonly string[]])[] = [
  [[''], firstWords],
  [['sta'], ['status']],
  [['config', 'sh'], ['show']],
  [
    ['identity', ''],
    ['show', 'forget', 'reprovision'],
  ],
  [
    ['status', '--output', ''],
    ['text', 'json'],
  ],
  [['config', 'show', '--output', 'j'], ['json']],
  [['config', 'show', '--al'], ['--all']],
  [['run', '--config', 'gateway'], ['gateway config.yaml']],
  [['certificates', 'verify', '--ca', 'bench'], ['bench-authority']],
  [['certificates', 'verify', '--ca', 'gateway'], []],
  [['completion', 'b'], ['bash']],
  [['telemetry', 'test', '--input', ''], []],
];

describe('bash', () => {
  for (const [words, offered] of [
    ...everywhere,
    [['--v'], ['--version']],
    [['config', '--h'], ['--help']],
    [['status', '--output', '=', 'j'], ['json']],
    [
      ['status', '--output', '='],
      ['text', 'json'],
    ],
    [['nonsense', ''], []],
  ] as const) {
    it(`completes dps-agent ${words.join(' ')}`, async () => {
      const script = `source "$1"; shift; COMP_WORDS=(dps-agent "$@"); COMP_CWORD=$#
        compopt() { [[ $* == '-o filenames' ]]; }
        _dps_agent; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const args = ['--norc', '-c', script, 'bash', scripts['bash'] ?? '', ...words];
      const replies = linesOf(await output('bash', args, folder));
      assertOffers(replies, offered, words);
    });
  }

  it('knows it for the completion of dps-agent, and all of it is good bash', async () => {
    const script = 'set -euo pipefail; source "$1"; complete -p dps-agent';
    const known = await output('bash', ['--norc', '-c', script, 'bash', scripts['bash'] ?? '']);
    assert.equal(known, 'complete -F _dps_agent dps-agent\n');
    assert.equal(await output('bash', ['-n', scripts['bash'] ?? '']), '');
  });
});

describe('fish', () => {
  for (const [words, offered] of everywhere) {
    it(`completes dps-agent ${words.join(' ')}`, async () => {
      const typed = ['dps-agent', ...words].join(' ');
      const script = `source ${scripts['fish'] ?? ''}; complete -C '${typed}'`;
      const replies = linesOf(await output('fish', ['--no-config', '-c', script], folder));
      // Each with a tab and its description; names with what fish needs before a space.
      const names = replies.map((reply) =>
        (reply.split('\t')[0] ?? '').replaceAll('\\', '').replace(/\/$/, ''),
      );
      assertOffers(names, offered, words);
    });
  }

  it('tells what each command does', async () => {
    const script = `source ${scripts['fish'] ?? ''}; complete -C 'dps-agent sta'`;
    const status = verbs.find(({ name }) => name === 'status');
    assert.equal(await output('fish', ['--no-config', '-c', script]), `status\t${status?.summary ?? ''}\n`);
  });

  it('finds all of it good', async () => {
    assert.equal(await output('fish', ['--no-execute', scripts['fish'] ?? '']), '');
  });
});

/** For an empty word options may be offered as well. */
function assertOffers(
  replies: readonly string[],
  offered: readonly string[],
  words: readonly string[],
): void {
  const isOpen = words.at(-1) === '';
  const plain = replies.filter((reply) => !isOpen || !reply.startsWith('--'));
  assert.deepEqual(plain.toSorted(), [...offered].toSorted());
}

describe('zsh', () => {
  for (const [words, offered] of everywhere) {
    it(`completes dps-agent ${words.join(' ')}`, async () => {
      const typed = ['dps-agent', ...words].join(' ');
      const replies = linesOf(await output('zsh', ['-f', capture, folder, typed], folder));
      const names = new Set(replies.map((reply) => reply.replaceAll('\\', '').replace(/\/$/, '')));
      assertOffers([...names], offered, words);
    });
  }

  it('finds all of it good', async () => {
    assert.equal(await output('zsh', ['-n', scripts['zsh'] ?? '']), '');
  });
});

const capture = join(import.meta.dirname, 'zsh-offers.zsh');
