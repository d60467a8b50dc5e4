import * as v from 'valibot';
import { attestation } from './attestation-schema.ts';
import { parseEndpoint } from './endpoint.ts';
import { duration, field, flag, oneOf, present, section, text } from './fields.ts';
import { payload } from './payload.ts';

const unsupportedSources = {
  manual:
    'is not supported: dps-agent finds its hub through DPS only; write "dps", with scope_id and attestation',
  external: 'is not supported: dps-agent asks DPS itself; write "dps", with scope_id and attestation',
};

/** IoT Edge 1.1's `provisioning:` tree, key for key (protocol.md 10.1), and `group_key`, `payload` and `deadline`. */
export const provisioning = v.pipe(
  section({
    source: oneOf(['dps'], unsupportedSources),
    scope_id: text('the ID scope of your DPS, letters and digits such as 0ne0012ABCD', /^[A-Za-z0-9]+$/),
    attestation,
    global_endpoint: v.optional(field(parseEndpoint), 'https://global.azure-devices-provisioning.net'),
    payload: v.optional(payload),
    dynamic_reprovisioning: v.optional(flag, true),
    always_reprovision_on_startup: v.optional(flag, false),
    deadline: v.optional(duration('10s', '1h'), '2m'),
  }),
  v.transform((input) => ({
    source: input.source,
    globalEndpoint: input.global_endpoint,
    scopeId: input.scope_id,
    attestation: input.attestation,
    ...present({ payload: input.payload }),
    dynamicReprovisioning: input.dynamic_reprovisioning,
    alwaysReprovisionOnStartup: input.always_reprovision_on_startup,
    deadlineMs: input.deadline,
  })),
);
