import { configOption } from './config-option.ts';
import { outputOption } from './output-option.ts';
import { print } from './print.ts';
import { exitCodes } from './usage.ts';
import { parseOptions } from './verb.ts';
import type { Verb } from './verb.ts';

const options = { config: configOption, output: outputOption } as const;

export const identityShow: Verb = {
  name: 'identity show',
  summary: 'show which hub the device belongs to, by whom, since when and with which credential',
  usage: '[--config PATH] [--output text|json]',
  description: [
    'Reads the configuration and what the agent has remembered; asks nobody, and changes nothing. Of a symmetric key ' +
      'nothing is shown, of a certificate its thumbprint and expiry.',
  ],
  options: options,
  run: async (args) => {
    const values = parseOptions(options, args);
    const { showIdentity } = await import('./identity.ts');
    return say(await showIdentity(values.config, values.output));
  },
};

export const identityForget: Verb = {
  name: 'identity forget',
  summary: 'forget the assigned hub: the next start asks DPS',
  usage: '[--config PATH] [--output text|json]',
  description: ['Removes the cached assignment. An agent that runs keeps its hub until it is started anew.'],
  options,
  run: async (args) => {
    const values = parseOptions(options, args);
    const { forgetIdentity } = await import('./identity.ts');
    return say(await forgetIdentity(values.config, values.output));
  },
};

export const identityReprovision: Verb = {
  name: 'identity reprovision',
  summary: 'have DPS asked again, by the running agent or at its next start',
  usage: '[--config PATH] [--output text|json]',
  description: [
    'Sends SIGUSR1 to the agent that runs on the same state directory; the session ends, and DPS is asked, though never ' +
      'more than once a minute, three times in a row.',
  ],
  options,
  run: async (args) => {
    const values = parseOptions(options, args);
    const { reprovisionIdentity } = await import('./identity.ts');
    return say(await reprovisionIdentity(values.config, values.output));
  },
};

async function say(text: string): Promise<number> {
  await print(text);
  return exitCodes.success;
}
