import type { JsonObject } from '../../lib/json.ts';
import type { HandOver } from './input.ts';

/**
 * Hands over what could be read, then rejects with what could not: neither costs the other.
 * @param doing completes "cannot", should several things have failed
 */
export async function handOverAndReport(
  values: JsonObject,
  failures: readonly Error[],
  doing: string,
  handOver: HandOver,
): Promise<void> {
  if (Object.keys(values).length > 0) await handOver([{ values }]);
  const [first, second] = failures;
  if (first !== undefined)
    throw second === undefined ? first : new AggregateError(failures, `cannot ${doing}`);
}
