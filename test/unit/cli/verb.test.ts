import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { programHelp, verbHelp } from '../../../src/cli/help.ts';
import { outputOption } from '../../../src/cli/output-option.ts';
import { status } from '../../../src/cli/status.ts';
import { UsageError } from '../../../src/cli/usage.ts';
import {
  parseOptions,
  parseVerbArgs,
  refusePositionals,
  required,
  wholeNumber,
} from '../../../src/cli/verb.ts';
import { verbs } from '../../../src/cli/verbs.ts';

const options = {
  config: { type: 'string', default: '/etc/x.yaml', value: 'PATH', help: 'the configuration' },
  device: { type: 'string', multiple: true, value: 'ID', help: 'a device' },
  reveal: { type: 'boolean', default: false, help: 'print it' },
} as const;
const chosen = {
  output: outputOption,
  shell: { type: 'string', choices: ['bash', 'fish'], help: 'which' },
} as const;

describe('the arguments of a verb', () => {
  it('are options, of which one may be given again and again, and what is left', () => {
    const { values, positionals } = parseVerbArgs(options, ['a', '--device', 'x', '--device=y', '--', '--b']);
    assert.deepEqual({ ...values }, { config: '/etc/x.yaml', device: ['x', 'y'], reveal: false });
    assert.deepEqual(positionals, ['a', '--b']);
  });

  it('are one of a few words where an option has choices, and the types say which', () => {
    const { output, shell }: { output: 'text' | 'json'; shell?: 'bash' | 'fish' } = parseOptions(chosen, []);
    assert.deepEqual([output, shell], ['text', undefined]);
    assert.equal(parseOptions(chosen, ['--output', 'json', '--shell=fish']).output, 'json');
    for (const [word, message] of [
      ['jsn', '--output takes text or json, and not "jsn"; did you mean "json"?'],
      ['', '--output takes text or json, and not ""'],
    ] as const)
      assert.throws(() => parseOptions(chosen, ['--output', word]), { name: 'UsageError', message });
    assert.match(verbHelp({ ...status, options: chosen }), /^ {2}--shell bash\|fish {2,}which$/m);
  });

  it('may be a lone dash, which is standard input, and begin with one after an equals sign', () => {
    assert.equal(parseOptions(options, ['--config', '-']).config, '-');
    assert.equal(parseOptions(options, ['--config=-1']).config, '-1');
  });

  it('are options only where that is asked for', () => {
    assert.throws(() => parseOptions(options, ['a']), { message: 'cannot use "a": only options are taken' });
  });

  for (const [args, message] of [
    [['--confg', 'x'], 'there is no option --confg; did you mean "--config"?'],
    [['--zzz'], 'there is no option --zzz'],
    [['-c'], 'there is no option -c'],
    [['--constructor'], 'there is no option --constructor'],
    [['--config'], '--config needs a value after it'],
    [['--config', ''], '--config needs a value that is not empty'],
    [['--config='], '--config needs a value that is not empty'],
    [
      ['--config', '--reveal'],
      '--config needs a value after it; if --reveal is meant, write --config=--reveal',
    ],
    [['--reveal=yes'], '--reveal takes no value'],
  ] as const) {
    it(`refuse ${args.join(' ')}`, () => {
      assert.throws(() => parseVerbArgs(options, args), { name: 'UsageError', message });
    });
  }

  it('are told when one is missing, too many, or no number', () => {
    assert.throws(() => {
      required('--out', undefined);
    }, UsageError);
    assert.throws(() => {
      refusePositionals(['x']);
    }, UsageError);
    for (const text of ['', '0', '11', '1.5', 'x', '-1', '1e1']) {
      assert.throws(() => wholeNumber('--days', text, 1, 10), UsageError, text);
    }
    assert.equal(wholeNumber('--days', '10', 1, 10), 10);
  });
});

/** What they print is a document in a form of its own, or, of `run`, the log. */
const withoutOutput = ['run', 'config schema', 'completion'];

describe('the output of the verbs', () => {
  it('is for people, or for programs, and asked for alike', () => {
    const others = verbs.filter(({ options: { output } }) => output !== outputOption);
    assert.deepEqual(
      others.map(({ name }) => name),
      withoutOutput,
    );
  });
});

describe('the help', () => {
  it('lists every verb once', () => {
    const help = programHelp(verbs);
    for (const { name, summary } of verbs)
      assert.ok(help.includes(`  ${name}  `) && help.includes(summary), name);
    assert.equal(new Set(verbs.map(({ name }) => name)).size, verbs.length);
  });

  for (const verb of verbs) {
    it(`of ${verb.name} explains each of its options, and names in its usage none that it does not have`, () => {
      const help = verbHelp(verb);
      for (const name of Object.keys(verb.options)) assert.match(help, new RegExp(`^  --${name}\\b`, 'm'));
      for (const [, name] of verb.usage.matchAll(/--([a-z-]+)/g)) {
        assert.ok(Object.hasOwn(verb.options, name ?? ''), name);
      }
      assert.ok(!verb.summary.endsWith('.'));
      // A usage line is one line; what is wrapped fits a terminal.
      for (const line of help.split('\n').slice(1)) assert.ok(line.length <= 100, line);
    });
  }
});
