import { isJsonObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { sizeOf, takeable } from './limits.ts';

/** What goes first when there is no room; what is not named here stays. */
const dispensable = [
  'resources',
  'inputs',
  'messages',
  'queue',
  'clock',
  'deviceInformation',
  'provisioning',
] as const;

/**
 * What the twin can take of the sections in so many bytes (protocol.md 4). Of the inputs as many as there is room for, the
 * first ones given; then whole sections go. How much was left out stands in `agent.truncated`, by section.
 */
export function fitted(sections: Readonly<JsonObject>, maxBytes: number): JsonObject {
  const all = takeable(sections);
  if (sizeOf(all) <= maxBytes) return all;
  const without = fewerInputs(all, maxBytes);
  if (without !== undefined) return without;
  let rest = all;
  const left: Record<string, number> = {};
  for (const name of dispensable) {
    const { [name]: section, ...others } = rest;
    if (section === undefined || sizeOf(rest) <= maxBytes) continue;
    left[name] = isJsonObject(section) ? Object.keys(section).filter((key) => key !== '__t').length : 1;
    rest = noted(others, left);
  }
  return rest;
}

/** `undefined` when even without any input there is not room enough. */
function fewerInputs(all: JsonObject, maxBytes: number): JsonObject | undefined {
  const { inputs } = all;
  if (!isJsonObject(inputs)) return undefined;
  const entries = Object.entries(inputs);
  const withFirst = (count: number): JsonObject =>
    noted(
      { ...all, inputs: Object.fromEntries(entries.slice(0, count)) },
      { inputs: entries.length - count },
    );
  if (sizeOf(withFirst(0)) > maxBytes) return undefined;
  let [fits, tooMany] = [0, entries.length];
  while (tooMany - fits > 1) {
    const half = Math.floor((fits + tooMany) / 2);
    if (sizeOf(withFirst(half)) <= maxBytes) fits = half;
    else tooMany = half;
  }
  return withFirst(fits);
}

function noted(sections: JsonObject, truncated: Readonly<Record<string, number>>): JsonObject {
  const { agent } = sections;
  return { ...sections, agent: { ...(isJsonObject(agent) ? agent : {}), truncated: { ...truncated } } };
}
