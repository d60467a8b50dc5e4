import { secretsIn } from '../uploads/known-secrets.ts';
import { filesWithSecrets } from '../config/layers/masked.ts';
import { exposedSecrets } from '../config/permission-warnings.ts';
import type { SecretSource } from '../config/secret-source.ts';
import { Secret } from '../lib/secret.ts';
import { describeError } from '../lib/errors.ts';
import { placeOf } from '../provisioning/secrets.ts';
import { error, ok, skipped, warning } from './check.ts';
import type { Check, Finding } from './check.ts';

const config: Check = {
  id: 'config',
  looksAt: 'whether the configuration can be read and used, with its drop-ins and the environment',
  command: 'dps-agent config validate',
  run: ({ problem, device }) => {
    if (problem !== undefined) {
      const command = 'dps-agent config validate';
      return error(problem.message, { remedy: 'put right what is named here', command });
    }
    const { files, warnings } = device.loaded;
    const read = files.length === 0 ? 'the environment alone' : files.join(', ');
    if (warnings.length === 0) return ok(`${read}: nothing is wrong`);
    const command = 'dps-agent config validate --strict';
    return warning(warnings.join('; '), { remedy: 'put right or remove what is ignored', command });
  },
};

const secrets: Check = {
  id: 'secrets',
  looksAt: 'whether every secret that the configuration refers to is there and can be read',
  command: 'dps-agent config show',
  needs: ['config'],
  run: async ({ device }) => {
    const references = [...secretsIn(device.config)].filter(
      (each): each is SecretSource => !(each instanceof Secret),
    );
    if (references.length === 0) return skipped('the configuration refers to no secret elsewhere');
    const problems = await Promise.all(
      references.map(async (source) => {
        try {
          await device.world.secrets.read(source);
          return [];
        } catch (thrown) {
          return [describeError(thrown)];
        }
      }),
    );
    const [first, ...others] = problems.flat();
    if (first === undefined) return ok(`${references.map(placeOf).join(', ')}: all can be read`);
    const files = references.flatMap((source) => (source.kind === 'file' ? source.path : []));
    return error([first, ...others].join('; '), {
      code: 'SECRET-UNREADABLE',
      remedy: 'put the secret where the configuration says, readable for the user the agent runs as',
      ...typed(files.length === 0 ? '' : `ls -l ${files.join(' ')}`),
    });
  },
};

const permissions: Check = {
  id: 'permissions',
  looksAt: 'whether others can read a file with a secret in it',
  command: 'dps-agent config validate --strict',
  needs: ['config'],
  run: async ({ device: { loaded, config: values, world } }) => {
    const exposed = await exposedSecrets(filesWithSecrets(loaded), values, { uid: world.userId });
    if (exposed.length === 0) return ok('no file with a secret can be read by everybody');
    return warning(exposed.map(({ seen }) => seen).join('; '), {
      remedy: 'take from others the right to read it',
      ...typed(exposed.flatMap(({ command }) => command ?? []).join(' && ')),
    });
  },
};

function typed(command: string): Pick<Finding, 'command'> {
  return command === '' ? {} : { command };
}

export const configurationChecks: readonly Check[] = [config, secrets, permissions];
