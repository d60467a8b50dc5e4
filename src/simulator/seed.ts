import * as v from 'valibot';
import { deviceSchema } from './device.ts';
import { enrollmentGroupSchema, enrollmentSchema } from './enrollment.ts';
import { omit } from './omit.ts';
import type { Registry } from './registry.ts';

/** What a configuration file, or code, puts in place at every start: the service's bodies by their IDs. */
export const seedSchema = v.strictObject({
  enrollments: v.optional(v.record(v.string(), enrollmentSchema)),
  enrollmentGroups: v.optional(v.record(v.string(), enrollmentGroupSchema)),
  /** CA certificates in PEM. */
  certificates: v.optional(v.record(v.string(), v.string())),
  devices: v.optional(
    v.record(
      v.string(),
      v.strictObject({
        ...deviceSchema.entries,
        /** A hub's name; the first hub when left out. */
        hub: v.optional(v.string()),
        /** Only for a device that is not there yet. */
        initialTwin: v.optional(enrollmentSchema.entries.initialTwin.wrapped),
      }),
    ),
  ),
});

export type Seed = v.InferInput<typeof seedSchema>;

/** Throws a ServiceError that names the entry when one is not usable. */
export function applySeed(registry: Registry, seed: Seed): void {
  const { enrollments = {}, enrollmentGroups = {}, certificates = {}, devices = {} } = seed;
  for (const [name, pem] of Object.entries(certificates)) registry.putCertificate(name, pem);
  for (const [id, entry] of Object.entries(enrollments)) registry.enrollments.put(id, entry);
  for (const [id, entry] of Object.entries(enrollmentGroups)) registry.enrollmentGroups.put(id, entry);
  for (const [id, device] of Object.entries(devices)) {
    const { hub, initialTwin } = device;
    registry.putDevice(id, omit(device, 'hub', 'initialTwin'), hub, {
      initialTwin: initialTwin ?? undefined,
    });
  }
}
