import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { migrate } from '../../../../src/config/migrate/migrate.ts';
import type { Migration } from '../../../../src/config/migrate/migrations.ts';
import { parseConfig } from '../../../../src/config/parse.ts';
import { ConfigProblems } from '../../../../src/config/problems.ts';

const valid = join(import.meta.dirname, '../../../fixtures/config/valid');

describe('the migration of a configuration', () => {
  it('says its version, renames keys of IoT Edge and makes comments of its sections', () => {
    const before = [
      '# Our gateway.',
      '',
      '# Where it belongs.',
      'provisioning:',
      '  source: dps',
      '  id_scope: 0ne0012ABCD # ours',
      'hostname: "gateway"',
      'connect:',
      '  # for modules',
      '  workload_uri: unix:///x',
      '',
      '# The log.',
      'log: { level: warn }',
      '',
    ].join('\n');
    const { text, notes } = migrate(before, 'config.yaml');
    assert.equal(
      text,
      [
        '# Our gateway.',
        '',
        'version: 1',
        '# Where it belongs.',
        'provisioning:',
        '  source: dps',
        '  scope_id: 0ne0012ABCD # ours',
        '# hostname: "gateway"',
        '# connect:',
        '#   # for modules',
        '#   workload_uri: unix:///x',
        '',
        '# The log.',
        'log: { level: warn }',
        '',
      ].join('\n'),
    );
    assert.deepEqual(notes, [
      'id_scope is now called scope_id',
      'hostname belongs to IoT Edge: made a comment',
      'connect belongs to IoT Edge: made a comment',
      'version: 1',
    ]);
  });

  for (const name of readdirSync(valid).filter((each) => each.endsWith('.yaml')))
    it(`changes nothing of what ${name} means, warns no more of IoT Edge, and is done at once`, () => {
      const before = readFileSync(join(valid, name), 'utf8');
      const { text } = migrate(before, name);
      assert.deepEqual(parseConfig(text, name).config, parseConfig(before, name).config);
      assert.ok(!parseConfig(text, name).warnings.join().includes('IoT Edge'));
      assert.deepEqual(migrate(text, name), { text, notes: [] });
    });

  it('goes from version to version', () => {
    const migrations: readonly Migration[] = [
      { from: 0, changes: () => [] },
      {
        from: 1,
        changes: ({ positions }) => [
          { kind: 'rename', ...positions.ofKey(['log']), key: 'log', to: 'logging' },
        ],
      },
    ];
    for (const before of ['log: {}\n', 'version: 1 # of ours\nlog: {}\n', "log: {}\n'version': 1\n"]) {
      const { text, notes } = migrate(before, 'config.yaml', migrations, 2);
      assert.match(text, /^'?version'?: 2( # of ours)?$/m);
      assert.match(text, /^logging: \{\}$/m);
      assert.deepEqual(notes.slice(-2), ['log is now called logging', 'version: 2']);
      assert.deepEqual(migrate(text, 'config.yaml', migrations, 2).notes, []);
    }
  });

  it('refuses a newer version, and what cannot be changed line by line', () => {
    for (const [text, message] of [
      [
        'version: 2\nlog: {}\n',
        /config\.yaml:1:10: version: expected a version of the configuration up to 1/,
      ],
      ['version: x\n', /version: expected a version/],
      ['{ log: {}, no_proxy: [] }\n', /cannot be brought to version 1 line by line/],
      ['hostname: &name gateway\nstate_directory: *name\n', /cannot be brought to version 1/],
    ] as const)
      assert.throws(
        () => migrate(text, 'config.yaml'),
        (error) => error instanceof ConfigProblems && message.test(error.message),
      );
  });

  it('is what a newer file asks the reader of it for', () => {
    const text = readFileSync(join(valid, 'least-symmetric-key.yaml'), 'utf8');
    assert.throws(
      () => parseConfig(`version: 2\n${text}`, 'config.yaml'),
      /expected at most version 1, found 2/,
    );
    assert.deepEqual(
      parseConfig(`version: 1\n${text}`, 'config.yaml').config,
      parseConfig(text, 'config.yaml').config,
    );
  });
});
