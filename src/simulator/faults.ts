import * as v from 'valibot';

/**
 * Faults as data. Each applies to all devices or to one (`device`: registration ID at DPS, device ID at a hub), for
 * the next `times` times or until it is cleared. docs/simulator.md has the table.
 */
const device = v.optional(v.pipe(v.string(), v.nonEmpty()));
const hub = v.optional(v.pipe(v.string(), v.nonEmpty()));
const times = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)));
const service = v.optional(v.picklist(['dps', 'hub']));
const errorStatus = v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599));
const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3_600_000));
const request = v.optional(v.picklist(['register', 'poll']));

const faultSchema = v.variant('kind', [
  /** CONNACK with this code, whatever the credentials. */
  v.strictObject({
    kind: v.literal('refuse-connect'),
    code: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(5)),
    ...{ service, hub, device, times },
  }),
  /** The listener closed (`closed`), or every connection accepted and reset at once (`reset`). */
  v.strictObject({ kind: v.literal('refuse-tcp'), how: v.literal('closed'), hub }),
  v.strictObject({ kind: v.literal('refuse-tcp'), how: v.literal('reset'), hub, times }),
  /** Plain MQTT is cut off at its first byte; WebSockets work. */
  v.strictObject({ kind: v.literal('refuse-mqtt'), hub, times }),
  /** DPS answers with this status; `retryAfter` in seconds. */
  v.strictObject({
    kind: v.literal('dps-error'),
    status: errorStatus,
    errorCode: v.optional(v.pipe(v.number(), v.integer())),
    retryAfter: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    ...{ request, device, times },
  }),
  /** DPS assigns, but says so only after `ms`. */
  v.strictObject({ kind: v.literal('dps-slow'), ms: milliseconds, device, times }),
  /** DPS acknowledges the publish and never answers. */
  v.strictObject({ kind: v.literal('dps-no-answer'), request, device, times }),
  /** The connection is destroyed when it has brought its n-th message, which is kept but not acknowledged. */
  v.strictObject({
    kind: v.literal('drop-after-messages'),
    messages: v.pipe(v.number(), v.integer(), v.minValue(1)),
    ...{ hub, device, times },
  }),
  /** Every open connection is destroyed, once, now. */
  v.strictObject({ kind: v.literal('drop-connections'), service, hub, device }),
  /** Half-open: the socket stays, nothing comes any more. Open connections too; each counts once. */
  v.strictObject({
    kind: v.literal('go-silent'),
    /** Whether a new connection still gets its CONNACK first. */
    connack: v.optional(v.boolean(), true),
    ...{ service, hub, device, times },
  }),
  /** Messages are kept but not acknowledged. */
  v.strictObject({ kind: v.literal('swallow-pubacks'), hub, device, times }),
  /** A message whose body contains this text is not kept, and the connection is destroyed: the hub's only "no". */
  v.strictObject({
    kind: v.literal('refuse-message'),
    contains: v.pipe(v.string(), v.nonEmpty()),
    ...{ hub, device, times },
  }),
  /** Messages are acknowledged at this rate, those of all whom it is for together; with so many waiting, who sends goes. */
  v.strictObject({
    kind: v.literal('throttle'),
    messagesPerSecond: v.pipe(v.number(), v.minValue(0.01), v.maxValue(100_000)),
    backlog: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 100),
    ...{ hub, device, times },
  }),
  /** Connections are taken and end after so long, or with their first message, which is not kept. */
  v.strictObject({
    kind: v.literal('quota-exceeded'),
    afterMs: v.optional(milliseconds, 1000),
    ...{ hub, device, times },
  }),
  /** Every packet sent to the device waits this long first. */
  v.strictObject({ kind: v.literal('delay'), ms: milliseconds, service, hub, device, times }),
  /** The twin answers with this status and an error body. */
  v.strictObject({
    kind: v.literal('twin-error'),
    status: errorStatus,
    operation: v.optional(v.picklist(['get', 'patch'])),
    ...{ hub, device, times },
  }),
  /** The next CONNECT finds no session: subscriptions are gone, session-present is false. */
  v.strictObject({ kind: v.literal('lose-session'), hub, device, times }),
  /** The hub answers so when a file upload is begun, or said to be over; `retryAfter` in seconds. */
  v.strictObject({
    kind: v.literal('file-upload-error'),
    status: errorStatus,
    retryAfter: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    step: v.optional(v.picklist(['begin', 'finish'])),
    ...{ hub, device, times },
  }),
  /** The blob endpoint takes a request and answers it with this status. */
  v.strictObject({ kind: v.literal('blob-error'), status: errorStatus, hub, device, times }),
  /** The blob endpoint carries a request out and destroys the connection in place of an answer. */
  v.strictObject({ kind: v.literal('blob-drop'), hub, device, times }),
  /** The blob endpoint's answers wait this long. */
  v.strictObject({ kind: v.literal('blob-slow'), ms: milliseconds, hub, device, times }),
]);

/** Of every kind its name, once. */
export const faultKindNames: readonly FaultKind[] = [
  ...new Set(faultSchema.options.map(({ entries }) => entries.kind.literal)),
];

/** The kinds that may be for one device; the others are for all that come by a port. */
export function isForDevices(kind: FaultKind): boolean {
  return faultSchema.options.some(({ entries }) => entries.kind.literal === kind && 'device' in entries);
}

export type Fault = v.InferOutput<typeof faultSchema>;
export type FaultInput = v.InferInput<typeof faultSchema>;
export type FaultKind = Fault['kind'];
export type FaultOf<Kind extends FaultKind> = Extract<Fault, { kind: Kind }>;

/** A fault in force: how often it has struck, and how often it may still; `null` is until cleared. */
export interface ActiveFault {
  readonly id: string;
  readonly fault: Fault;
  readonly struck: number;
  readonly left: number | null;
}

/** Where something is about to happen; a fault that names less matches more. */
export interface FaultScope {
  readonly service?: 'dps' | 'hub';
  readonly hub?: string;
  readonly device?: string;
  readonly request?: 'register' | 'poll';
  readonly operation?: 'get' | 'patch';
  readonly step?: 'begin' | 'finish';
}

/** Checks a fault given from outside. Throws a TypeError that says what is wrong with which field. */
export function parseFault(input: unknown): Fault {
  const result = v.safeParse(faultSchema, input);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw new TypeError(`cannot use this fault: ${path === null ? '' : `${path}: `}${issue.message}`);
}

export class FaultBook {
  readonly #active = new Map<string, ActiveFault>();
  #nextId = 1;

  /** Puts a fault in force. */
  add(input: FaultInput): ActiveFault {
    const fault = parseFault(input);
    const active = { id: String(this.#nextId++), fault, struck: 0, left: timesOf(fault) };
    this.#active.set(active.id, active);
    return active;
  }

  /** Ends one fault, or all. Returns how many ended. */
  clear(id?: string): number {
    const ended = id === undefined ? [...this.#active.keys()] : [id];
    return ended.filter((each) => this.#active.delete(each)).length;
  }

  list(): ActiveFault[] {
    return [...this.#active.values()];
  }

  /** The oldest fault of this kind that matches, without counting. */
  find<Kind extends FaultKind>(kind: Kind, scope: FaultScope): FaultOf<Kind> | undefined {
    return this.#match(kind, scope)?.fault as FaultOf<Kind> | undefined;
  }

  /** The oldest fault of this kind that matches; it has struck once more. */
  strike<Kind extends FaultKind>(kind: Kind, scope: FaultScope): FaultOf<Kind> | undefined {
    const active = this.#match(kind, scope);
    if (active === undefined) return undefined;
    const left = active.left === null ? null : active.left - 1;
    if (left === 0) this.#active.delete(active.id);
    else this.#active.set(active.id, { ...active, struck: active.struck + 1, left });
    return active.fault as FaultOf<Kind>;
  }

  #match(kind: FaultKind, scope: FaultScope): ActiveFault | undefined {
    // Asked for every packet: without faults this must cost nothing.
    if (this.#active.size === 0) return undefined;
    for (const active of this.#active.values()) {
      if (active.fault.kind === kind && matches(active.fault, scope)) return active;
    }
    return undefined;
  }
}

export function matches(fault: Fault, scope: FaultScope): boolean {
  const fields = ['service', 'hub', 'device', 'request', 'operation', 'step'] as const;
  const wanted = fault as FaultScope;
  return fields.every((field) => wanted[field] === undefined || wanted[field] === scope[field]);
}

function timesOf(fault: Fault): number | null {
  return 'times' in fault && fault.times !== undefined ? fault.times : null;
}
