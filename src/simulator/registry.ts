import type { Clock } from '../lib/clock.ts';
import type { CloudToDeviceMessage } from './cloud-to-device.ts';
import type { DeviceInput } from './device.ts';
import type { PutDeviceOptions, StoredDevice } from './device-store.ts';
import { checkCertificate, EnrollmentGroupStore, EnrollmentStore, EntryStore } from './enrollment-store.ts';
import type { Enrollment, EnrollmentGroup } from './enrollment.ts';
import type { Hub } from './hub.ts';
import type { Registration } from './registration.ts';
import { ServiceError } from './service-error.ts';
import type { Twin, TwinPatch } from './twin.ts';

/** Everything that survives a restart, as it is written to disk. */
export interface Snapshot {
  readonly enrollments: readonly Enrollment[];
  readonly enrollmentGroups: readonly EnrollmentGroup[];
  readonly registrations: readonly Registration[];
  /** Uploaded CA certificates (PEM) by name. */
  readonly certificates: Readonly<Record<string, string>>;
  readonly hubs: readonly HubSnapshot[];
}

export interface HubSnapshot {
  readonly name: string;
  readonly port: number;
  readonly devices: readonly StoredDevice[];
}

/** What DPS and the hubs know: the typed way in for code, and what the control API stands on. */
export class Registry {
  readonly enrollments: EnrollmentStore;
  readonly enrollmentGroups: EnrollmentGroupStore;
  readonly registrations: EntryStore<Registration>;
  readonly #certificates = new Map<string, string>();
  readonly #changed: () => void;
  #hubs: readonly Hub[] = [];
  /** Hubs of an earlier run that this one was not asked to start; kept for a run that is. */
  #absent: readonly HubSnapshot[] = [];

  constructor(clock: Clock, changed: () => void) {
    this.#changed = changed;
    this.enrollments = new EnrollmentStore(clock, changed);
    this.enrollmentGroups = new EnrollmentGroupStore(clock, changed);
    this.registrations = new EntryStore('registration', changed);
  }

  get hubs(): readonly Hub[] {
    return this.#hubs;
  }

  link(hubs: readonly Hub[]): void {
    this.#hubs = hubs;
  }

  /** The hub by this name, or else the one that holds the device: the first, if several do. Throws (404). */
  hubOf(deviceId: string, hubName?: string): Hub {
    if (hubName !== undefined) return this.hub(hubName);
    const hub = this.#hubs.find(({ store }) => store.find(deviceId) !== undefined);
    if (hub === undefined)
      throw new ServiceError('DeviceNotFound', `cannot find the device ${deviceId} at any hub`);
    return hub;
  }

  /** Throws a ServiceError (404) when there is no such hub. */
  hub(name: string): Hub {
    const hub = this.#hubs.find((each) => each.name.toLowerCase() === name.toLowerCase());
    if (hub === undefined) {
      const known = this.#hubs.map((each) => each.name).join(', ');
      throw new ServiceError('NotFound', `cannot find the hub ${name}: there are ${known}`);
    }
    return hub;
  }

  /** Where a device is created when no hub is named and none has it: the first hub. */
  putDevice(
    deviceId: string,
    input: DeviceInput,
    hubName?: string,
    options?: PutDeviceOptions,
  ): StoredDevice {
    return this.#hubForPut(deviceId, hubName).store.put(deviceId, input, options);
  }

  getDevice(deviceId: string, hubName?: string): StoredDevice {
    return this.hubOf(deviceId, hubName).store.get(deviceId);
  }

  deleteDevice(deviceId: string, hubName?: string): void {
    this.hubOf(deviceId, hubName).store.delete(deviceId);
  }

  getTwin(deviceId: string, hubName?: string): Twin {
    return this.getDevice(deviceId, hubName).twin;
  }

  patchTwin(deviceId: string, patch: TwinPatch, hubName?: string): Twin {
    return this.hubOf(deviceId, hubName).store.patchTwin(deviceId, patch);
  }

  replaceTwin(deviceId: string, document: TwinPatch, hubName?: string): Twin {
    return this.hubOf(deviceId, hubName).store.replaceTwin(deviceId, document);
  }

  /** Returns the message ID. */
  sendCloudToDevice(deviceId: string, message: CloudToDeviceMessage, hubName?: string): string {
    return this.hubOf(deviceId, hubName).store.enqueue(deviceId, message);
  }

  /** A CA that hubs trust for `certificateAuthority` devices, and that enrollments may name in `caReferences`. */
  putCertificate(name: string, pem: string): void {
    checkCertificate(pem);
    this.#certificates.set(name, pem);
    this.#changed();
  }

  deleteCertificate(name: string): void {
    if (!this.#certificates.delete(name))
      throw new ServiceError('NotFound', `cannot find the certificate ${name}`);
    this.#changed();
  }

  certificate(name: string): string | undefined {
    return this.#certificates.get(name);
  }

  certificates(): ReadonlyMap<string, string> {
    return this.#certificates;
  }

  snapshot(): Snapshot {
    return {
      enrollments: this.enrollments.list(),
      enrollmentGroups: this.enrollmentGroups.list(),
      registrations: this.registrations.list(),
      certificates: Object.fromEntries(this.#certificates),
      hubs: [
        ...this.#hubs.map(({ name, port, store }) => ({ name, port, devices: store.list() })),
        ...this.#absent,
      ],
    };
  }

  /** Puts back what an earlier run has kept; hubs are matched by position, since a port may have changed. */
  restore(snapshot: Snapshot): void {
    const renamed = new Map(snapshot.hubs.map(({ name }, index) => [name, this.#hubs[index]?.name ?? name]));
    const rename = (name: string): string => renamed.get(name) ?? name;
    for (const entry of snapshot.enrollments)
      this.enrollments.set(entry.registrationId, renameHubs(entry, rename));
    for (const entry of snapshot.enrollmentGroups) {
      this.enrollmentGroups.set(entry.enrollmentGroupId, renameHubs(entry, rename));
    }
    for (const record of snapshot.registrations) {
      const { assignedHub } = record;
      const moved = assignedHub === undefined ? record : { ...record, assignedHub: rename(assignedHub) };
      this.registrations.set(record.registrationId, moved);
    }
    for (const [name, pem] of Object.entries(snapshot.certificates)) this.#certificates.set(name, pem);
    this.#absent = snapshot.hubs.slice(this.#hubs.length);
    for (const [index, { devices }] of snapshot.hubs.entries()) this.#hubs[index]?.store.restore(devices);
  }

  #hubForPut(deviceId: string, hubName: string | undefined): Hub {
    if (hubName !== undefined) return this.hub(hubName);
    const hub = this.#hubs.find(({ store }) => store.find(deviceId) !== undefined) ?? this.#hubs[0];
    if (hub === undefined) throw new ServiceError('NotFound', 'cannot create a device: there is no hub');
    return hub;
  }
}

function renameHubs<Entry extends Enrollment | EnrollmentGroup>(
  entry: Entry,
  rename: (name: string) => string,
): Entry {
  const { iotHubs, iotHubHostName } = entry;
  return {
    ...entry,
    ...(Array.isArray(iotHubs) ? { iotHubs: iotHubs.map(rename) } : {}),
    ...(typeof iotHubHostName === 'string' ? { iotHubHostName: rename(iotHubHostName) } : {}),
  };
}
