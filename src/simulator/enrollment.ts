import * as v from 'valibot';
import { deviceIdPattern } from './device.ts';
import type { JsonObject, JsonValue } from './json.ts';

/**
 * Enrollments as the service API writes them (protocol.md 8.2). One definition serves the control API, the
 * configuration file and the state file. Fields the service itself adds are accepted, so that what was read can be
 * sent back, and dropped.
 */
const json = v.custom<JsonValue>((value) => value !== undefined);
const jsonObject = v.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
);

/** Letters, digits and `-._:`, at most 128, ending in a letter, a digit or `-` (protocol.md 2.1). */
export const registrationIdPattern = /^[A-Za-z0-9._:-]{0,127}[A-Za-z0-9-]$/;

const key = v.pipe(
  v.string(),
  v.base64('must be base64'),
  v.check((text) => {
    const bytes = Buffer.from(text, 'base64').length;
    return bytes >= 16 && bytes <= 64;
  }, 'must be a key of 16 to 64 bytes'),
);

const symmetricKey = v.strictObject({
  type: v.literal('symmetricKey'),
  symmetricKey: v.optional(v.strictObject({ primaryKey: v.optional(key), secondaryKey: v.optional(key) })),
});

/** A certificate by itself (PEM or base64 DER), or only by its thumbprint, which the simulator accepts as well. */
const certificate = v.strictObject({
  certificate: v.optional(v.nullable(v.string())),
  info: v.optional(
    v.nullable(
      v.looseObject({ sha1Thumbprint: v.optional(v.string()), sha256Thumbprint: v.optional(v.string()) }),
    ),
  ),
});
const pair = <Schema extends v.GenericSchema>(schema: Schema) =>
  v.optional(
    v.nullable(
      v.strictObject({ primary: v.optional(v.nullable(schema)), secondary: v.optional(v.nullable(schema)) }),
    ),
  );

const x509 = v.strictObject({
  type: v.literal('x509'),
  x509: v.strictObject({
    clientCertificates: pair(certificate),
    signingCertificates: pair(certificate),
    caReferences: pair(v.string()),
  }),
});

const common = {
  attestation: v.variant('type', [symmetricKey, x509]),
  provisioningStatus: v.optional(v.picklist(['enabled', 'disabled']), 'enabled'),
  allocationPolicy: v.optional(v.nullable(v.picklist(['hashed', 'geoLatency', 'static']))),
  iotHubHostName: v.optional(v.nullable(v.string())),
  iotHubs: v.optional(v.nullable(v.array(v.string()))),
  initialTwin: v.optional(
    v.nullable(
      v.strictObject({
        tags: v.optional(v.nullable(jsonObject)),
        properties: v.optional(v.strictObject({ desired: v.optional(v.nullable(jsonObject)) })),
      }),
    ),
  ),
  reprovisionPolicy: v.optional(
    v.strictObject({ updateHubAssignment: v.boolean(), migrateDeviceData: v.boolean() }),
    { updateHubAssignment: true, migrateDeviceData: true },
  ),
  /** Handed to the device in the registration result; the real service does so for custom allocation only. */
  payload: v.optional(json),
};

const added = {
  etag: v.optional(v.unknown()),
  registrationState: v.optional(v.unknown()),
  createdDateTimeUtc: v.optional(v.unknown()),
  lastUpdatedDateTimeUtc: v.optional(v.unknown()),
  capabilities: v.optional(v.unknown()),
  optionalDeviceInformation: v.optional(v.unknown()),
  customAllocationDefinition: v.optional(v.null()),
};

const id = v.pipe(v.string(), v.regex(registrationIdPattern, 'must be a registration ID'));

export const enrollmentSchema = v.strictObject({
  ...added,
  ...common,
  registrationId: v.optional(id),
  deviceId: v.optional(v.nullable(v.pipe(v.string(), v.regex(deviceIdPattern, 'must be a device ID')))),
});

export const enrollmentGroupSchema = v.strictObject({
  ...added,
  ...common,
  enrollmentGroupId: v.optional(id),
});

export type EnrollmentInput = v.InferInput<typeof enrollmentSchema>;
export type EnrollmentGroupInput = v.InferInput<typeof enrollmentGroupSchema>;
export type Attestation = v.InferOutput<typeof enrollmentSchema>['attestation'];
export type X509Attestation = Extract<Attestation, { type: 'x509' }>['x509'];

interface EnrollmentEntry extends Omit<
  v.InferOutput<typeof enrollmentGroupSchema>,
  keyof typeof added | 'enrollmentGroupId'
> {
  readonly etag: string;
  readonly createdDateTimeUtc: string;
  readonly lastUpdatedDateTimeUtc: string;
}

export interface Enrollment extends EnrollmentEntry {
  readonly registrationId: string;
  readonly deviceId?: string | null | undefined;
}

export interface EnrollmentGroup extends EnrollmentEntry {
  readonly enrollmentGroupId: string;
}

/** The entry without the keys and times the service adds, ready to be stored or sent out. */
export function ownFields<Entry extends object>(entry: Entry): Omit<Entry, keyof typeof added> {
  return Object.fromEntries(Object.entries(entry).filter(([name]) => !Object.hasOwn(added, name))) as Omit<
    Entry,
    keyof typeof added
  >;
}
