import { dump } from 'js-yaml';
import { isJsonObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

/** What differs from agent to agent. */
export interface MemberFacts {
  readonly endpoint: string;
  readonly scopeId: string;
  readonly attestation: Readonly<Record<string, string>>;
  /** The path of a file with the authority to trust; absent: those that Node trusts. */
  readonly caFile?: string | undefined;
  readonly proxy?: string | undefined;
  readonly stateDirectory: string;
  readonly socketPath: string;
}

/** The input that takes in what the soak feeds. */
export const loadInput = 'load';

/**
 * The text of a config.yaml: what the agent needs, then what every soak sets, and over that the scenario's own, where `null`
 * means that the product's default is to hold.
 */
export function memberConfig(facts: MemberFacts, overlay: Readonly<Record<string, unknown>>): string {
  const needed = {
    provisioning: {
      source: 'dps',
      global_endpoint: facts.endpoint,
      scope_id: facts.scopeId,
      attestation: { ...facts.attestation },
    },
    ...(facts.caFile === undefined ? {} : { trust_bundle_cert: `file://${facts.caFile}` }),
    ...(facts.proxy === undefined ? {} : { proxy: facts.proxy }),
    state_directory: facts.stateDirectory,
    local_api: { path: facts.socketPath },
  };
  return dump(withLoadInput(laidOver(laidOver(needed, soakSettings), overlay)), { lineWidth: -1 });
}

/**
 * Waits that suit minutes instead of days, by the same rules; whether this machine's clock is right is none of the soak's
 * business. A promise holds over SIGKILL with `durability: always` alone (docs/queue.md).
 */
const soakSettings: JsonObject = {
  clock: { wait_for_sync: '0s' },
  connection: {
    keep_alive: '10s',
    connect_timeout: '10s',
    ack_timeout: '15s',
    stable_after: '10s',
    retry: { initial: '500ms', maximum: '10s' },
    rejected_retry: { initial: '5s', maximum: '20s' },
    reprovision_spread: '5s',
  },
  telemetry: { queue: { durability: 'always' } },
};

/** Mappings are merged, as deep as they go; whatever else there is takes the place of what was; `null` takes it away. */
export function laidOver(base: JsonObject, over: Readonly<Record<string, unknown>>): JsonObject {
  const merged: JsonObject = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    if (value === null) Reflect.deleteProperty(merged, key);
    else if (isJsonObject(value)) merged[key] = laidOver(isJsonObject(below) ? below : {}, value);
    else merged[key] = value;
  }
  return merged;
}

/** A scenario's inputs do not take the place of the one that is fed. */
function withLoadInput(config: JsonObject): JsonObject {
  const telemetry = isJsonObject(config['telemetry']) ? config['telemetry'] : {};
  const inputs: unknown[] = Array.isArray(telemetry['inputs']) ? telemetry['inputs'] : [];
  const isThere = inputs.some((input) => isJsonObject(input) && input['name'] === loadInput);
  const all = isThere ? inputs : [{ name: loadInput, type: 'socket' }, ...inputs];
  return { ...config, telemetry: { ...telemetry, inputs: all } };
}
