import { randomBytes } from 'node:crypto';
import type * as v from 'valibot';
import type { Clock } from '../lib/clock.ts';
import { cloudToDeviceLimits, queueMessage } from './cloud-to-device.ts';
import type { CloudToDeviceMessage, QueuedMessage } from './cloud-to-device.ts';
import { deviceIdPattern, deviceSchema } from './device.ts';
import type { Authentication, DeviceIdentity, DeviceInput } from './device.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { generateKeys } from './keys.ts';
import { parseInput } from './input.ts';
import { omit } from './omit.ts';
import { ServiceError } from './service-error.ts';
import { serviceTime } from './timestamp.ts';
import type { HubFeed } from './topics.ts';
import { newTwin, patchReported, patchTwin, replaceTwin, twinEtag } from './twin.ts';
import type { Twin, TwinChange, TwinPatch } from './twin.ts';

/** All a hub keeps of a device, and all of it survives a restart. */
export interface StoredDevice {
  readonly identity: DeviceIdentity;
  readonly twin: Twin;
  readonly modelId?: string;
  readonly lastActivityTime?: string;
  /** The MQTT session of a device that connected with clean=false: what it subscribed to, at which QoS. */
  readonly session?: Readonly<Partial<Record<HubFeed, 0 | 1>>>;
  /** Cloud-to-device messages not yet completed, oldest first. */
  readonly queue: readonly QueuedMessage[];
}

/** What a change in the store means for a device that is connected. */
export interface StoreObserver {
  changed(): void;
  /** The device may no longer be connected. */
  revoked(deviceId: string, reason: string): void;
  desired(deviceId: string, patch: JsonObject): void;
  queued(deviceId: string): void;
}

export interface PutDeviceOptions {
  readonly initialTwin?: TwinPatch | undefined;
}

/** The devices of one hub. Every change goes through here; what is stored is never changed in place. */
export class DeviceStore {
  readonly hub: string;
  readonly #clock: Clock;
  readonly #observer: StoreObserver;
  readonly #devices = new Map<string, StoredDevice>();

  constructor(hub: string, clock: Clock, observer: StoreObserver) {
    this.hub = hub;
    this.#clock = clock;
    this.#observer = observer;
  }

  get size(): number {
    return this.#devices.size;
  }

  /** Puts back what an earlier run has kept. */
  restore(devices: Iterable<StoredDevice>): void {
    for (const device of devices) this.#devices.set(device.identity.deviceId, device);
  }

  find(deviceId: string): StoredDevice | undefined {
    return this.#devices.get(deviceId);
  }

  /** Throws a ServiceError (404) when there is no such device. */
  get(deviceId: string): StoredDevice {
    const device = this.#devices.get(deviceId);
    if (device === undefined)
      throw new ServiceError('DeviceNotFound', `cannot find the device ${deviceId} at ${this.hub}`);
    return device;
  }

  list(): StoredDevice[] {
    return [...this.#devices.values()];
  }

  /** Creates or updates an identity; keys that are not given are kept, or made. */
  put(deviceId: string, input: DeviceInput, options: PutDeviceOptions = {}): StoredDevice {
    if (!deviceIdPattern.test(deviceId)) {
      throw new ServiceError('ArgumentInvalid', `cannot use ${JSON.stringify(deviceId)} as a device ID`);
    }
    const parsed = parseInput(deviceSchema, input, `the device ${deviceId}`);
    const earlier = this.#devices.get(deviceId);
    const time = this.#time();
    const identity: DeviceIdentity = {
      deviceId,
      generationId:
        earlier?.identity.generationId ?? `${this.#clock.now().getTime()}${randomBytes(3).readUIntBE(0, 3)}`,
      etag: randomBytes(8).toString('base64'),
      status: parsed.status,
      statusReason: parsed.statusReason ?? null,
      statusUpdatedTime:
        earlier?.identity.status === parsed.status ? earlier.identity.statusUpdatedTime : time,
      authentication: authenticationOf(parsed.authentication, earlier?.identity.authentication),
    };
    const device: StoredDevice = {
      ...(earlier ?? { twin: newTwin(time, options.initialTwin), queue: [] }),
      identity,
    };
    this.#set(device);
    if (identity.status === 'disabled') this.#observer.revoked(deviceId, 'the device has been disabled');
    return device;
  }

  /** Takes over a device with its twin from another hub. */
  adopt(device: StoredDevice): void {
    this.#set(device);
  }

  /** Throws a ServiceError (404) when there is no such device. */
  delete(deviceId: string, reason = 'the device has been deleted'): void {
    this.get(deviceId);
    this.#devices.delete(deviceId);
    this.#observer.changed();
    this.#observer.revoked(deviceId, reason);
  }

  /** Starts the twin anew, as DPS does on a reset. The device is told. */
  resetTwin(deviceId: string, initial: TwinPatch): void {
    const device = this.get(deviceId);
    const fresh = newTwin(this.#time(), initial);
    const desired = { ...fresh.desired, version: device.twin.desired.version + 1 };
    const reported = { ...fresh.reported, version: device.twin.reported.version + 1 };
    this.#set({ ...device, twin: { ...fresh, desired, reported, version: device.twin.version + 1 } });
    this.#observer.desired(deviceId, { ...desired.properties, $version: desired.version });
  }

  /** Patches tags and desired properties; the device is told. `ifMatch` is a twin etag or `*`. */
  patchTwin(deviceId: string, patch: TwinPatch, ifMatch?: string): Twin {
    return this.#changeTwin(deviceId, ifMatch, (twin) => patchTwin(twin, patch, this.#time()));
  }

  replaceTwin(deviceId: string, document: TwinPatch, ifMatch?: string): Twin {
    return this.#changeTwin(deviceId, ifMatch, (twin) => replaceTwin(twin, document, this.#time()));
  }

  /** The device's own patch; `ifVersion` refuses it (412) when the reported version is another. */
  report(deviceId: string, patch: JsonValue | undefined, ifVersion?: string): Twin {
    const device = this.get(deviceId);
    const { version } = device.twin.reported;
    if (ifVersion !== undefined && ifVersion !== String(version)) {
      throw new ServiceError('PreconditionFailed', `cannot patch version ${ifVersion}: it is ${version}`);
    }
    const twin = patchReported(device.twin, patch, this.#time());
    this.#set({ ...device, twin });
    return twin;
  }

  /** Queues a message for the device, which gets it now or when it next connects. Returns the message ID. */
  enqueue(deviceId: string, message: CloudToDeviceMessage): string {
    const device = this.get(deviceId);
    const nowMs = this.#clock.now().getTime();
    const queue = device.queue.filter((queued) => queued.expiresAtMs > nowMs);
    if (queue.length >= cloudToDeviceLimits.queueLength) {
      throw new ServiceError(
        'DeviceMaximumQueueDepthExceeded',
        `cannot queue more than ${cloudToDeviceLimits.queueLength} messages for ${deviceId}`,
      );
    }
    const queued = queueMessage(deviceId, message, nowMs);
    this.#set({ ...device, queue: [...queue, queued] });
    this.#observer.queued(deviceId);
    return queued.messageId;
  }

  /** What may be delivered now; expired messages are gone. */
  deliverable(deviceId: string): readonly QueuedMessage[] {
    const nowMs = this.#clock.now().getTime();
    return this.#devices.get(deviceId)?.queue.filter((queued) => queued.expiresAtMs > nowMs) ?? [];
  }

  complete(deviceId: string, message: QueuedMessage): void {
    this.#update(deviceId, (device) => ({
      ...device,
      queue: device.queue.filter((queued) => queued !== message),
    }));
  }

  /** Throws away what is queued; returns how much it was. */
  purge(deviceId: string): number {
    const { queue } = this.get(deviceId);
    if (queue.length > 0) this.#update(deviceId, (device) => ({ ...device, queue: [] }));
    return queue.length;
  }

  /** Keeps the session, or forgets it when there is none. */
  keepSession(deviceId: string, session: StoredDevice['session'], modelId?: string): void {
    this.#update(deviceId, (device) => ({
      ...omit(device, 'session'),
      ...(session === undefined ? {} : { session }),
      ...(modelId === undefined ? {} : { modelId }),
      lastActivityTime: this.#time(),
    }));
  }

  #changeTwin(deviceId: string, ifMatch: string | undefined, change: (twin: Twin) => TwinChange): Twin {
    const device = this.get(deviceId);
    checkEtag(ifMatch, twinEtag(device.twin));
    const { twin, desired } = change(device.twin);
    this.#set({ ...device, twin });
    if (desired !== undefined) this.#observer.desired(deviceId, desired);
    return twin;
  }

  #update(deviceId: string, change: (device: StoredDevice) => StoredDevice): void {
    const device = this.#devices.get(deviceId);
    if (device !== undefined) this.#set(change(device));
  }

  #set(device: StoredDevice): void {
    this.#devices.set(device.identity.deviceId, device);
    this.#observer.changed();
  }

  #time(): string {
    return serviceTime(this.#clock.now());
  }
}

/** Etags come with quotes or without. */
export function checkEtag(ifMatch: string | undefined, etag: string): void {
  const wanted = ifMatch?.replace(/^(?:W\/)?"(.*)"$/, '$1');
  if (wanted === undefined || wanted === '*' || wanted === etag) return;
  throw new ServiceError('PreconditionFailed', `cannot change etag ${wanted}: it is ${etag}`);
}

function authenticationOf(
  input: v.InferOutput<typeof deviceSchema>['authentication'],
  earlier: Authentication | undefined,
): Authentication {
  if (input === undefined && earlier !== undefined) return earlier;
  if (input?.type === 'certificateAuthority') return { type: 'certificateAuthority' };
  if (input?.type === 'selfSigned') {
    const { primaryThumbprint, secondaryThumbprint } = input.x509Thumbprint ?? {};
    return {
      type: 'selfSigned',
      thumbprints: [primaryThumbprint, secondaryThumbprint].filter((text) => typeof text === 'string'),
    };
  }
  const kept = earlier?.type === 'sas' ? earlier.symmetricKey : generateKeys();
  const { primaryKey, secondaryKey } = input?.symmetricKey ?? {};
  return {
    type: 'sas',
    symmetricKey: {
      primaryKey: primaryKey ?? kept.primaryKey,
      secondaryKey: secondaryKey ?? kept.secondaryKey,
    },
  };
}
