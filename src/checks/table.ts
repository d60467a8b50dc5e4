import type { Check } from './check.ts';
import { clockChecks } from './clock.ts';
import { registrationChecks, sessionChecks } from './cloud.ts';
import { configurationChecks } from './configuration.ts';
import { credentialChecks } from './credentials.ts';
import { dpsGoal, hubGoal, proxyChecks, wayChecks } from './network.ts';
import { serviceChecks, versionChecks } from './service.ts';
import { storageChecks } from './storage.ts';

/** Every check, in the order in which they are told: each behind those that it waits for. */
export const allChecks: readonly Check[] = [
  ...versionChecks,
  ...configurationChecks,
  ...credentialChecks,
  ...storageChecks,
  ...clockChecks,
  ...proxyChecks,
  ...wayChecks(dpsGoal),
  ...registrationChecks,
  ...wayChecks(hubGoal),
  ...sessionChecks,
  ...serviceChecks,
];
