import { randomUUID } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { checkEtag } from './device-store.ts';
import { enrollmentGroupSchema, enrollmentSchema, ownFields, registrationIdPattern } from './enrollment.ts';
import type {
  Attestation,
  Enrollment,
  EnrollmentGroup,
  EnrollmentGroupInput,
  EnrollmentInput,
} from './enrollment.ts';
import { parseInput } from './input.ts';
import { generateKeys } from './keys.ts';
import { ServiceError } from './service-error.ts';
import { serviceTime } from './timestamp.ts';
import type { TwinPatch } from './twin.ts';
import { checkPatch, checkSize, twinLimits } from './twin-limits.ts';
import { readCertificate } from './x509.ts';

/** Entries of one kind, found by their ID without regard to case. */
export class EntryStore<Entry extends { readonly etag: string }> {
  readonly #entries = new Map<string, Entry>();
  readonly #what: string;
  readonly #changed: () => void;

  constructor(what: string, changed: () => void) {
    this.#what = what;
    this.#changed = changed;
  }

  find(id: string): Entry | undefined {
    return this.#entries.get(id.toLowerCase());
  }

  /** Throws a ServiceError (404) when there is none. */
  get(id: string): Entry {
    const entry = this.find(id);
    if (entry === undefined) throw new ServiceError('NotFound', `cannot find the ${this.#what} ${id}`);
    return entry;
  }

  list(): Entry[] {
    return [...this.#entries.values()];
  }

  set(id: string, entry: Entry): Entry {
    this.#entries.set(id.toLowerCase(), entry);
    this.#changed();
    return entry;
  }

  delete(id: string, ifMatch?: string): void {
    const { etag } = this.get(id);
    checkEtag(ifMatch, etag);
    this.#entries.delete(id.toLowerCase());
    this.#changed();
  }
}

export class EnrollmentStore extends EntryStore<Enrollment> {
  readonly #clock: Clock;

  constructor(clock: Clock, changed: () => void) {
    super('enrollment', changed);
    this.#clock = clock;
  }

  /** Creates or replaces an entry; keys left out are kept, or made. Throws a ServiceError when it is not usable. */
  put(registrationId: string, input: EnrollmentInput, ifMatch?: string): Enrollment {
    checkId(registrationId, input.registrationId);
    const parsed = parseInput(enrollmentSchema, input, `the enrollment ${registrationId}`);
    const earlier = this.find(registrationId);
    if (earlier !== undefined) checkEtag(ifMatch, earlier.etag);
    const common = complete(parsed, earlier, serviceTime(this.#clock.now()));
    return this.set(registrationId, { ...ownFields(parsed), ...common, registrationId });
  }
}

export class EnrollmentGroupStore extends EntryStore<EnrollmentGroup> {
  readonly #clock: Clock;

  constructor(clock: Clock, changed: () => void) {
    super('enrollment group', changed);
    this.#clock = clock;
  }

  /** Creates or replaces an entry; keys left out are kept, or made. Throws a ServiceError when it is not usable. */
  put(enrollmentGroupId: string, input: EnrollmentGroupInput, ifMatch?: string): EnrollmentGroup {
    checkId(enrollmentGroupId, input.enrollmentGroupId);
    const parsed = parseInput(enrollmentGroupSchema, input, `the enrollment group ${enrollmentGroupId}`);
    const earlier = this.find(enrollmentGroupId);
    if (earlier !== undefined) checkEtag(ifMatch, earlier.etag);
    const common = complete(parsed, earlier, serviceTime(this.#clock.now()));
    return this.set(enrollmentGroupId, { ...ownFields(parsed), ...common, enrollmentGroupId });
  }
}

type Stamps = Pick<Enrollment, 'attestation' | 'etag' | 'createdDateTimeUtc' | 'lastUpdatedDateTimeUtc'>;

function complete(
  parsed: Pick<Enrollment, 'attestation' | 'initialTwin'>,
  earlier: Enrollment | EnrollmentGroup | undefined,
  time: string,
): Stamps {
  checkCertificates(parsed.attestation);
  checkInitialTwin(parsed.initialTwin ?? {});
  return {
    attestation: completeAttestation(parsed.attestation, earlier?.attestation),
    etag: `"${randomUUID()}"`,
    createdDateTimeUtc: earlier?.createdDateTimeUtc ?? time,
    lastUpdatedDateTimeUtc: time,
  };
}

/** What the hub would refuse is refused here: a device that registers cannot put it right. */
function checkInitialTwin({ tags, properties }: TwinPatch): void {
  const [ownTags, desired] = [tags ?? {}, properties?.desired ?? {}];
  checkPatch(ownTags);
  checkPatch(desired);
  checkSize(ownTags, twinLimits.tagsBytes, 'tags');
  checkSize(desired, twinLimits.propertiesBytes, 'desired properties');
}

function completeAttestation(attestation: Attestation, earlier: Attestation | undefined): Attestation {
  if (attestation.type === 'x509') return attestation;
  const kept = earlier?.type === 'symmetricKey' ? earlier.symmetricKey : undefined;
  return { type: 'symmetricKey', symmetricKey: { ...generateKeys(), ...kept, ...attestation.symmetricKey } };
}

/** A certificate that cannot be read is refused now, not when a device comes. */
function checkCertificates(attestation: Attestation): void {
  if (attestation.type !== 'x509') return;
  const { clientCertificates, signingCertificates } = attestation.x509;
  for (const pair of [clientCertificates, signingCertificates]) {
    for (const text of [pair?.primary?.certificate, pair?.secondary?.certificate]) {
      if (typeof text === 'string') checkCertificate(text);
    }
  }
}

export function checkCertificate(text: string): void {
  try {
    readCertificate(text);
  } catch (cause) {
    throw new ServiceError('ArgumentInvalid', 'cannot read a certificate: neither PEM nor base64 DER', {
      cause,
    });
  }
}

function checkId(id: string, inBody: string | undefined): void {
  if (!registrationIdPattern.test(id)) {
    throw new ServiceError(
      'ArgumentInvalid',
      `cannot use ${JSON.stringify(id)} as an ID: letters, digits and -._: only`,
    );
  }
  if (inBody !== undefined && inBody.toLowerCase() !== id.toLowerCase()) {
    throw new ServiceError('ArgumentInvalid', `cannot put ${inBody} under the address of ${id}`);
  }
}
