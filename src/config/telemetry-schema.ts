import * as v from 'valibot';
import { duration, oneOf, optionalSection, pathTo, section, text, wholeNumber } from './fields.ts';
import { expected, found, isMapping } from './found.ts';

const input = v.pipe(
  section({
    name: text('a name of 1 to 64 letters, digits, - or _', /^[A-Za-z0-9_-]{1,64}$/),
    type: oneOf(['system']),
    interval: v.optional(duration('1s', '1d'), '60s'),
  }),
  v.transform(({ name, type, interval }) => ({ name, type, intervalMs: interval })),
);

const inputs = v.pipe(
  v.array(input, (issue) => expected('a list of inputs', issue.input)),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!Array.isArray(dataset.value)) return;
    for (const [index, name, first] of repeatedNames(dataset.value)) {
      addIssue({
        message: `${found(name)} is already the name of telemetry.inputs[${first}]: give each input its own`,
        path: pathTo(index, 'name'),
      });
    }
  }),
);

export const telemetry = v.pipe(
  section({
    inputs: v.optional(inputs, [{ name: 'system', type: 'system', interval: '60s' }]),
    queue: optionalSection(
      v.pipe(
        section({ max_messages: v.optional(wholeNumber(1, 1_000_000), 10_000) }),
        v.transform(({ max_messages }) => ({ maxMessages: max_messages })),
      ),
    ),
    window: v.optional(wholeNumber(1, 1000), 64),
  }),
);

/** Index, name and the index of the first of the same name, for every input whose name an earlier one has. */
function repeatedNames(list: readonly unknown[]): [number, string, number][] {
  const names = list.map((item) =>
    isMapping(item) && typeof item['name'] === 'string' ? item['name'] : undefined,
  );
  return names.flatMap((name, index): [number, string, number][] => {
    const first = names.indexOf(name);
    return name === undefined || first === index ? [] : [[index, name, first]];
  });
}
