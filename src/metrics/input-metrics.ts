import type { InputStatus } from '../telemetry/input-service.ts';
import type { Metric, Sample } from './definition.ts';

/** So many inputs have samples of their own; what further ones count is added up. */
const mostInputs = 100;
/** No name of an input can be this. */
const otherInputs = '(other)';

/** What comes in. */
export const inputMetrics: readonly Metric[] = [
  {
    name: 'dps_agent_input_ok',
    type: 'gauge',
    help: 'Whether the input can be read, as far as is known; absent while it is switched off.',
    labels: ['input'],
    read: ({ telemetry }) =>
      telemetry.inputs
        .slice(0, mostInputs)
        .filter(({ state }) => state !== 'off')
        .map(({ name, state }) => ({ labels: { input: name }, value: state === 'failing' ? 0 : 1 })),
  },
  {
    name: 'dps_agent_input_readings_total',
    type: 'counter',
    help: 'Readings the input has given.',
    labels: ['input'],
    read: ({ telemetry }) => counted(telemetry.inputs, ({ readings }) => readings),
  },
  {
    name: 'dps_agent_input_failures_total',
    type: 'counter',
    help: 'Times the input could not be read.',
    labels: ['input'],
    read: ({ telemetry }) => counted(telemetry.inputs, ({ failures }) => failures),
  },
  {
    name: 'dps_agent_telemetry_refused_total',
    type: 'counter',
    help: 'Messages of an input that were not taken in: the queue was full, they were too large, or over the budget.',
    labels: ['input', 'reason'],
    read: ({ telemetry }) =>
      bounded(
        Object.entries(telemetry.refused).map(([input, counts]) =>
          Object.entries(counts).map(([reason, value]) => ({ labels: { input, reason }, value })),
        ),
      ),
  },
];

function counted(inputs: readonly InputStatus[], count: (input: InputStatus) => number): Sample[] {
  return bounded(inputs.map((input) => [{ labels: { input: input.name }, value: count(input) }]));
}

/** @param all the samples of each input */
function bounded(all: readonly (readonly Required<Sample>[])[]): Sample[] {
  const others = new Map<string, { labels: Required<Sample>['labels']; value: number }>();
  for (const { labels, value } of all.slice(mostInputs).flat()) {
    const sum = others.get(labels['reason'] ?? '') ?? { labels: { ...labels, input: otherInputs }, value: 0 };
    sum.value += value;
    others.set(labels['reason'] ?? '', sum);
  }
  return [...all.slice(0, mostInputs).flat(), ...others.values()];
}
