import type { JsonObject } from '../../../../src/lib/json.ts';
import type { Input } from '../../../../src/telemetry/inputs/input.ts';

/** What an input hands over when it is asked once, and the error that it rejects with, if it does. */
export async function askOnce(input: Input): Promise<{ values: JsonObject[]; error: unknown }> {
  const values: JsonObject[] = [];
  const take = (readings: readonly { values: JsonObject }[]): Promise<void> => {
    values.push(...readings.map((reading) => reading.values));
    return Promise.resolve();
  };
  const error: unknown = await input.read(take, new AbortController().signal).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { values, error };
}

/** The values of its one reading. */
export async function valuesOf(input: Input): Promise<JsonObject> {
  const { values, error } = await askOnce(input);
  if (error !== undefined) throw error as Error;
  const [first, ...more] = values;
  if (first === undefined || more.length > 0) throw new Error(`expected one reading, found ${values.length}`);
  return first;
}
