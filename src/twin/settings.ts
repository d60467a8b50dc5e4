import { isJsonObject } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';
import type { ReportedProperties } from './properties.ts';

/** What an operator may change from the twin; what is absent is as configured. */
export interface Settings {
  readonly intervalSeconds?: number;
}

/** In seconds. */
export const intervalRange = { minimum: 1, maximum: 86_400 } as const;

export interface Applied {
  readonly settings: Settings;
  /** Where the properties were asked for. */
  readonly acknowledgements: ReportedProperties;
}

/**
 * What a desired document asks for, given what is in force; a refused value leaves that as it is. Acknowledged in the
 * form of IoT Plug and Play, `{value, ac, av, ad}` (protocol.md 7), `value` being what holds from now on. What nobody
 * asks for is not acknowledged, and an earlier acknowledgement of it removed.
 *
 * @param configuredSeconds the interval of all inputs by the configuration; `undefined` where they differ
 */
export function applyDesired(
  current: Settings,
  desired: Readonly<JsonObject>,
  version: number,
  configuredSeconds: number | undefined,
): Applied {
  const section = desired['telemetry'] ?? {};
  const wanted = isJsonObject(section) ? section['intervalSeconds'] : undefined;
  if (isInterval(wanted)) {
    return {
      settings: { intervalSeconds: wanted },
      acknowledgements: acknowledge(wanted, 200, version, 'applied'),
    };
  }
  if (isJsonObject(section) && wanted === undefined)
    return { settings: {}, acknowledgements: { telemetry: { intervalSeconds: null } } };
  const inForce = current.intervalSeconds ?? configuredSeconds;
  return { settings: current, acknowledgements: acknowledge(inForce, 400, version, refusal(section)) };
}

function refusal(section: unknown): string {
  const { minimum, maximum } = intervalRange;
  const [what, found] = isJsonObject(section)
    ? [`intervalSeconds must be a whole number from ${minimum} to ${maximum}`, section['intervalSeconds']]
    : ['telemetry must be an object with intervalSeconds', section];
  return `${what}, not ${JSON.stringify(found).slice(0, 40)}`;
}

/** The acknowledgement of settings that could not be put in force: what was before holds. */
export function acknowledgeFailure(
  inForce: number | undefined,
  version: number,
  reason: string,
): ReportedProperties {
  return acknowledge(inForce, 500, version, reason);
}

function acknowledge(value: number | undefined, ac: number, av: number, ad: string): ReportedProperties {
  return { telemetry: { intervalSeconds: { ...(value === undefined ? {} : { value }), ac, av, ad } } };
}

function isInterval(value: unknown): value is number {
  const { minimum, maximum } = intervalRange;
  return Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
}
