import * as v from 'valibot';
import type { Member } from '../fleet/fleet.ts';
import type { Battlefield, FaultKind, Strike, WireShape } from './fault-kind.ts';
import { defineKind, held, milliseconds, noOptions, share, suited } from './kind.ts';

const common = {
  isLocal: true,
  unavailable: ({ fleet }: Battlefield) =>
    fleet.members.some(({ isProxied }) => isProxied) ? undefined : 'no agent’s way leads through the proxy',
};

const cut = defineKind({
  ...common,
  name: 'cut',
  summary: 'connections are reset (RST) on the way',
  timing: { shortestMs: 0 },
  options: noOptions,
  strike: (_options, members, field) => {
    const struck = proxiedOf(members, field);
    return {
      description: 'connections reset on the way',
      struck,
      run: () => {
        field.wire.cut(struck.map(({ name }) => name));
        return Promise.resolve();
      },
    };
  },
});

const latency = defineKind({
  ...common,
  name: 'latency',
  summary: 'every segment takes `ms` longer, each way, and up to `jitterMs` on top',
  options: v.strictObject({ ms: v.optional(milliseconds, 400), jitterMs: v.optional(milliseconds, 0) }),
  strike: ({ ms, jitterMs }, members, field) =>
    shaped(
      { latencyMs: ms, jitterMs },
      `latency ${ms} ms${jitterMs === 0 ? '' : ` and up to ${jitterMs} ms more`}`,
      members,
      field,
    ),
});

const loss = defineKind({
  ...common,
  name: 'loss',
  summary:
    'a share of segments is lost: all behind it wait for a retransmission timeout, from 200 ms, doubling',
  options: v.strictObject({ share: v.optional(share, 0.05) }),
  strike: ({ share: lost }, members, field) =>
    shaped({ loss: lost }, `${Math.round(lost * 1000) / 10} % of segments lost`, members, field),
});

const bandwidth = defineKind({
  ...common,
  name: 'bandwidth',
  summary: 'so many bytes a second for each connection and direction',
  options: v.strictObject({ bytesPerSecond: v.optional(v.pipe(v.number(), v.minValue(1)), 2000) }),
  strike: ({ bytesPerSecond }, members, field) =>
    shaped({ bytesPerSecond }, `${bytesPerSecond} bytes/s`, members, field),
});

const wireSilent = defineKind({
  ...common,
  name: 'wire-silent',
  summary: 'half-open both ways: nothing passes, nobody is told; what was held up passes in the end',
  options: noOptions,
  strike: (_options, members, field) => shaped({ silent: true }, 'nothing passes the wire', members, field),
});

const wireClosed = defineKind({
  ...common,
  name: 'wire-closed',
  summary: 'new connections are reset on the way; those that are open stay',
  options: noOptions,
  strike: (_options, members, field) =>
    shaped({ closed: true }, 'no new connection on the wire', members, field),
});

export const wireKinds: readonly FaultKind[] = [cut, latency, loss, bandwidth, wireSilent, wireClosed];

function shaped(
  shape: WireShape,
  description: string,
  members: readonly Member[],
  field: Battlefield,
): Strike {
  const struck = proxiedOf(members, field);
  return {
    description,
    struck,
    run: async (signal) => {
      const lift = field.wire.shape(
        shape,
        struck.map(({ name }) => name),
      );
      await held(signal);
      lift();
    },
  };
}

function proxiedOf(members: readonly Member[], field: Battlefield): readonly Member[] {
  return suited(members, field, ({ isProxied }) => isProxied);
}
