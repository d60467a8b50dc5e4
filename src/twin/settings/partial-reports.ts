import { CloudError } from '../../cloud-error.ts';
import { describeError } from '../../lib/errors.ts';
import { isJsonObject } from '../../lib/json.ts';
import type { Log } from '../../lib/log.ts';
import { combine } from '../properties.ts';
import type { ReportedProperties } from '../properties.ts';

interface Part {
  readonly path: string;
  readonly properties: ReportedProperties;
}

/**
 * Reports in one piece what the hub takes in one piece. When it refuses that for good, each property goes by itself, so
 * that one which is refused holds up no other; that one is said, and left out until there is something else to say of it.
 */
export class PartialReports {
  readonly #log: Log;
  /** What the hub has refused of each property. */
  readonly #refused = new Map<string, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** What the hub has taken of it. Rejects when the session is over. */
  async report(
    patch: ReportedProperties,
    send: (properties: ReportedProperties) => Promise<void>,
  ): Promise<ReportedProperties> {
    const parts = partsOf(patch).filter((part) => this.#refused.get(part.path) !== contentOf(part));
    if (parts.length === 0) return {};
    const whole = combine(...parts.map(({ properties }) => properties));
    if (await this.#isTaken(whole, parts, send)) return whole;
    const taken: ReportedProperties[] = [];
    for (const part of parts) {
      if (parts.length > 1 && (await this.#isTaken(part.properties, [part], send)))
        taken.push(part.properties);
    }
    return combine(...taken);
  }

  async #isTaken(
    properties: ReportedProperties,
    parts: readonly Part[],
    send: (properties: ReportedProperties) => Promise<void>,
  ): Promise<boolean> {
    try {
      await send(properties);
      for (const { path } of parts) this.#refused.delete(path);
      return true;
    } catch (error) {
      if (!(error instanceof CloudError) || error.code !== 'HUB-TWIN-REFUSED') throw error;
      const [part, ...others] = parts;
      if (part !== undefined && others.length === 0) this.#leaveOut(part, error);
      return false;
    }
  }

  #leaveOut(part: Part, error: CloudError): void {
    this.#refused.set(part.path, contentOf(part));
    this.#log.warn({ code: error.code }, `${describeError(error)}: ${part.path} is left out`);
  }
}

function partsOf(patch: ReportedProperties): Part[] {
  return Object.entries(patch).flatMap(([component, section]): Part[] => {
    if (!isJsonObject(section)) return [{ path: component, properties: property(component, section) }];
    const mark = Object.entries(section).filter(([name]) => name === '__t');
    const rest = Object.entries(section).filter(([name]) => name !== '__t');
    return rest.map(([name, value]) => ({
      path: `${component}.${name}`,
      properties: property(component, Object.fromEntries([...mark, [name, value]])),
    }));
  });
}

function property(name: string, value: unknown): ReportedProperties {
  return Object.fromEntries([[name, value]]);
}

/** Apart from the version that it answers. */
function contentOf({ properties }: Part): string {
  return JSON.stringify(properties, (key, value: unknown) => (key === 'av' ? 0 : value));
}
