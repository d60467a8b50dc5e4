import { Refusal } from './answer.ts';
import { quoted } from './query.ts';
import type { TelemetryDesk } from './telemetry-desk.ts';

const remedy = [
  'add these lines to config.yaml and restart the agent:',
  'telemetry:',
  '  inputs:',
  '    - name: local',
  '      type: socket',
].join('\n');

/**
 * The input that a post is for: the one it names, or the only one there is, if it is switched on. Throws a `Refusal`
 * otherwise.
 */
export function deskInput(desk: Pick<TelemetryDesk, 'inputs' | 'isOn'>, named: string | undefined): string {
  const input = inputNamed(desk, named);
  if (desk.isOn(input)) return input;
  throw new Refusal(404, `cannot take telemetry for ${input}: this input is switched off`, {
    details: {
      remedy: `switch it on: enabled: true in config.yaml, or in the twin, telemetry.inputs.${input}`,
    },
  });
}

function inputNamed({ inputs }: Pick<TelemetryDesk, 'inputs'>, named: string | undefined): string {
  const [first, ...others] = inputs;
  if (first === undefined)
    throw new Refusal(404, 'cannot take telemetry: no input of type socket is configured', {
      details: { remedy },
    });
  const all = inputs.join(', ');
  if (named === undefined && others.length > 0)
    throw new Refusal(400, `cannot tell which input this is for: name it as the input, one of ${all}`);
  if (named !== undefined && !inputs.includes(named))
    throw new Refusal(404, `cannot find an input of type socket named ${quoted(named)}: there is ${all}`);
  return named ?? first;
}
