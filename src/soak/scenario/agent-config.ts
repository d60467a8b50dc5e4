import * as v from 'valibot';
import { isMapping } from '../../config/found.ts';
import type { KeyPath } from '../../config/positions.ts';
import { issuePath } from '../../config/problems.ts';
import { configSchema } from '../../config/schema.ts';
import { checkSpelling } from '../../config/spelling.ts';

export interface AgentConfigProblem {
  /** Within `config`. */
  readonly path: KeyPath;
  readonly message: string;
  /** Whether the key is what is wrong, and not its value. */
  readonly isKey: boolean;
}

/** What the agent would say of what a scenario lays over its config.yaml: better now than by each of a thousand. */
export function agentConfigProblems(overlay: unknown): AgentConfigProblem[] {
  if (!isMapping(overlay)) return [];
  const spelling = checkSpelling(configSchema, overlay);
  const notes = [...spelling.unknown, ...spelling.ignored].map((note) => ({ ...note, isKey: true }));
  const document = isMapping(spelling.document) ? spelling.document : {};
  const provisioning = { ...leastProvisioning, ...sectionOf(document['provisioning']) };
  const { issues = [] } = v.safeParse(configSchema, { ...document, provisioning });
  const values = issues.flatMap((issue) => {
    const path = spelling.original(issuePath(issue));
    const isTheirs = Object.hasOwn(overlay, String(path[0])) && !spelling.isMisspelt(issuePath(issue));
    return isTheirs ? [{ path, message: issue.message, isKey: false }] : [];
  });
  return [...notes, ...values, ...fleetsOwn(overlay)];
}

/** What the fleet writes into each agent's own: laid over, it would break them all. */
function fleetsOwn(overlay: Readonly<Record<string, unknown>>): AgentConfigProblem[] {
  return ['state_directory', 'trust_bundle_cert', 'proxy']
    .filter((key) => Object.hasOwn(overlay, key))
    .map((key) => ({ path: [key], message: 'is set by the soak itself: remove it', isKey: true }));
}

function sectionOf(value: unknown): object {
  return isMapping(value) ? value : {};
}

/** Enough for the schema. */
const leastProvisioning = {
  source: 'dps',
  scope_id: '0ne00000000',
  attestation: { method: 'symmetric_key', registration_id: 'soak', symmetric_key: 'A'.repeat(43) + '=' },
};
