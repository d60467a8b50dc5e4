import { certificatesCreate } from './certificates-create.ts';
import { certificatesVerify } from './certificates-verify.ts';
import { check } from './check.ts';
import { completion } from './completion.ts';
import { configMigrate } from './config-migrate.ts';
import { configSchemaVerb } from './config-schema.ts';
import { configShow, configValidate } from './config-verbs.ts';
import { connectionString } from './connection-string.ts';
import { identityForget, identityReprovision, identityShow } from './identity-verbs.ts';
import { init } from './init.ts';
import { keysDerive } from './keys-derive.ts';
import { logs } from './logs.ts';
import { run } from './run.ts';
import { status } from './status.ts';
import { supportBundle } from './support-bundle.ts';
import { telemetrySend } from './telemetry-send.ts';
import { telemetryTail } from './telemetry-tail.ts';
import { telemetryTest } from './telemetry-test.ts';
import type { Verb } from './verb.ts';

/** Everything the program can be told to do, in the order of its help. */
export const verbs: readonly Verb[] = [
  init,
  run,
  status,
  check,
  logs,
  supportBundle,
  telemetryTail,
  telemetrySend,
  telemetryTest,
  configShow,
  configValidate,
  configSchemaVerb,
  configMigrate,
  identityShow,
  identityForget,
  identityReprovision,
  connectionString,
  keysDerive,
  certificatesCreate,
  certificatesVerify,
  completion,
];
