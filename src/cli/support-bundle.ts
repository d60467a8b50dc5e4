import { parseByteSize } from '../config/byte-size.ts';
import { configOption } from './config-option.ts';
import { jsonDocument, outputOption } from './output-option.ts';
import { UsageError, exitCodes } from './usage.ts';
import { parseOptions } from './verb.ts';
import type { Verb } from './verb.ts';

const options = {
  config: configOption,
  file: {
    type: 'string',
    value: 'PATH',
    completes: 'file',
    help: 'what to write; - is standard output; without it dps-agent-support-HOST-TIME.tar.gz here',
  },
  'max-size': { type: 'string', default: '10MB', value: 'SIZE', help: 'of all that is in it, unpacked' },
  offline: { type: 'boolean', default: false, help: 'leave out the checks that go beyond this machine' },
  output: outputOption,
} as const;

export const supportBundle: Verb = {
  name: 'support-bundle',
  summary: 'gather all that whoever helps you wants to see in one .tar.gz, without secrets',
  usage: '[--config PATH] [--file PATH] [--max-size SIZE] [--offline] [--output text|json]',
  description: [
    'Checks, status, the effective configuration, logs, versions, metrics and their last day, what is in the state directory ' +
      '(names, sizes and modes), the unit and the network, with a manifest of what is in it, what was cut and what was taken ' +
      'out. It works whether or not the agent runs, and says what could not be had; as root there is more of it.',
    'Every secret of the configuration is taken out by its value, however it is encoded, and so is whatever looks like a key, ' +
      'a token or a password. The file can be read by its owner only. Look through it before you send it: names, addresses ' +
      'and what your programs log are in it.',
  ],
  options,
  run: async (args) => {
    const values = parseOptions(options, args);
    const size = parseByteSize(values['max-size']);
    if ('problem' in size || size.value < 100_000)
      throw new UsageError(
        `cannot use --max-size ${values['max-size']}: write a size from 100KB, such as 10MB`,
      );
    const { bundleText, makeSupportBundle } = await import('./make-support-bundle.ts');
    const { print, printError } = await import('./print.ts');
    const bundle = await makeSupportBundle({
      configPath: values.config,
      file: values.file,
      maxBytes: size.value,
      offline: values.offline,
    });
    const text = values.output === 'json' ? jsonDocument(bundle) : bundleText(bundle);
    // On standard output is the bundle itself.
    await (values.file === '-' ? printError(text) : print(text));
    return exitCodes.success;
  },
};
