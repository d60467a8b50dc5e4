import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseLayers } from '../../../src/config/parse.ts';
import { verbs } from '../../../src/cli/verbs.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const read = (name: string): Promise<string> => readFile(join(root, name), 'utf8');
const [page, dockerfile, compose] = await Promise.all([
  read('docs/containers.md'),
  read('Dockerfile'),
  read('compose.yaml'),
]);

describe('docs/containers.md', () => {
  it('builds as the Dockerfile says', () => {
    const builds = [...page.matchAll(/^docker build .*$/gm)].map(([command]) => command);
    assert.equal(builds.length, 2);
    for (const command of builds) assert.ok(dockerfile.includes(command), command);
    for (const [, target = ''] of page.matchAll(/--target (\S+)/g))
      assert.match(dockerfile, new RegExp(`AS ${target}$`, 'm'));
  });

  it('starts what compose.yaml says it does, and knows what can be changed of it', () => {
    const commands = [...page.matchAll(/^docker compose .*$/gm)].map(([command]) => command);
    assert.equal(commands.length, 2);
    for (const command of commands) assert.ok(compose.includes(command), command);
    for (const [, name = ''] of compose.matchAll(/\$\{([A-Z_]+):-/g))
      assert.ok(page.includes(`\`${name}\``), name);
  });

  it('gives an agent an environment that is a configuration', () => {
    const variables = [...page.matchAll(/^ {2}-e (DPS_AGENT_[A-Z_]+)=(\S+)/gm)];
    const environment = Object.fromEntries(variables.map(([, name = '', value = '']) => [name, value]));
    const { config, warnings } = parseLayers({ file: 'none', main: undefined, dropIns: [], environment });
    assert.deepEqual(warnings, []);
    assert.equal(config.provisioning.source, 'dps');
    const port = { ...environment, DPS_AGENT_LOCAL_API__TCP_PORT: '8080' };
    assert.ok(page.includes('`DPS_AGENT_LOCAL_API__TCP_PORT`'));
    parseLayers({ file: 'none', main: undefined, dropIns: [], environment: port });
  });

  it('runs the agent as the image is made: its user, its state, its health', () => {
    const [, user = '?'] = /^USER (\d+):\d+$/m.exec(dockerfile.slice(dockerfile.indexOf('AS base'))) ?? [];
    assert.ok(page.includes(`run as user ${user}`) && page.includes(`\`chown ${user}\``));
    const [, volume = '?'] = /^VOLUME (\S+)$/m.exec(dockerfile) ?? [];
    assert.ok(page.includes(`-v gateway-01:${volume}`));
    const [, interval, timeout, retries, command = '[]'] =
      /^HEALTHCHECK --interval=(\S+)s --timeout=(\S+)s --start-period=\S+ --retries=(\d) CMD (.*)$/m.exec(
        dockerfile,
      ) ?? [];
    const words = `\`${(JSON.parse(command) as string[]).join(' ')}\`, every ${interval ?? '?'} s, which may take ${timeout ?? '?'} s`;
    assert.ok(page.replaceAll('\n', ' ').includes(words), words);
    assert.equal(retries, '3');
  });

  it('asks a container only what the agent answers', () => {
    const asked = [...page.matchAll(/^(?:docker exec gateway-01 )?dps-agent (.*)$/gm)].map(
      ([, words = '']) => words,
    );
    assert.ok(asked.length > 2);
    for (const words of asked)
      assert.ok(
        verbs.some(({ name }) => words === name || words.startsWith(`${name} `)),
        words,
      );
  });
});
