import * as v from 'valibot';
import { someOf } from '../../lib/seeded-random.ts';
import type { Member } from '../fleet/fleet.ts';
import type { Battlefield, FaultKind, Strike } from './fault-kind.ts';

interface KindDefinition<Options extends v.GenericSchema> extends Pick<
  FaultKind,
  'name' | 'summary' | 'timing' | 'isLocal'
> {
  readonly options: Options;
  readonly unavailable?: (field: Battlefield) => string | undefined;
  readonly strike: (
    options: v.InferOutput<Options>,
    members: readonly Member[],
    field: Battlefield,
  ) => Strike;
}

/** A kind whose options are checked by its schema, and defaults filled in, before it sees them. */
export function defineKind<Options extends v.GenericSchema>(definition: KindDefinition<Options>): FaultKind {
  const { name, summary, timing, isLocal, options: schema, unavailable, strike } = definition;
  const parse = (options: unknown): v.InferOutput<Options> => {
    const result = v.safeParse(schema, options);
    if (result.success) return result.output;
    const [issue] = result.issues;
    const path = v.getDotPath(issue);
    throw new TypeError(`cannot use this fault: ${path === null ? '' : `${path}: `}${issue.message}`);
  };
  return {
    name,
    summary,
    ...(timing === undefined ? {} : { timing }),
    ...(isLocal === undefined ? {} : { isLocal }),
    check: parse,
    unavailable: (field) => unavailable?.(field),
    make: (options, members, field) => strike(parse(options), members, field),
  };
}

export const noOptions = v.strictObject({});
/** From nothing to an hour. */
export const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3_600_000));
export const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

/** Which of the hubs, from 1; all, if it is not given. */
export const hubNumber = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)));

/** The name of a hub that is given by its number. Throws when there are not so many. */
export function hubName(number: number | undefined, { cloud }: Battlefield): string | undefined {
  if (number === undefined) return undefined;
  const hub = cloud.simulator.hubs[number - 1];
  if (hub === undefined)
    throw new Error(`cannot find hub ${number}: there are ${cloud.simulator.hubs.length}`);
  return hub.name;
}

/** Those whose assigned hub it is; all, without a hub. */
export function membersAt(hub: string | undefined, { cloud, fleet }: Battlefield): readonly Member[] {
  if (hub === undefined) return fleet.members;
  const { registrations } = cloud.simulator.registry;
  return fleet.members.filter(({ name }) => registrations.find(name)?.assignedHub === hub);
}

/** Those of them whom it can strike; if that is nobody, as many others, by chance. */
export function suited(
  members: readonly Member[],
  { fleet, random }: Battlefield,
  canBeStruck: (member: Member) => boolean,
): readonly Member[] {
  const chosen = members.filter(canBeStruck);
  return chosen.length > 0 ? chosen : someOf(random, fleet.members.filter(canBeStruck), members.length);
}

/** Resolves when the signal is aborted. */
export function held(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener(
      'abort',
      () => {
        resolve();
      },
      { once: true },
    );
  });
}

/** All of it is done, whatever becomes of the others; then rejects with what failed. */
export async function forEach<T>(items: Iterable<T>, work: (item: T) => unknown): Promise<void> {
  const done = await Promise.allSettled(
    [...items].map(async (item) => {
      await work(item);
    }),
  );
  const errors = done.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, `cannot do it for ${errors.length} of them`);
}
