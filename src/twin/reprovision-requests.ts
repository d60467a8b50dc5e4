import { readFileIfPresent, writeFileAtomically } from '../lib/atomic-file.ts';
import { describeError } from '../lib/errors.ts';
import { isJsonObject, parseJson } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import type { ReportedProperties } from './properties.ts';

type Token = string | number;

export interface Answer {
  /** Where it was asked for. */
  readonly acknowledgement: ReportedProperties;
  /** To be called when the acknowledgement has been given, since acting ends the session. */
  readonly act: () => void;
}

const nothing = (): void => undefined;

/**
 * The operator's wish, by a desired property, that the device ask DPS again: `provisioning.reprovision`, any text or
 * number that is not the one before. The last one acted on is on disk before it is acted on, so that neither the next
 * session nor a restart repeats it.
 */
export class ReprovisionRequests {
  readonly #path: string;
  readonly #onRequest: () => void;
  readonly #log: Log;
  #handled: Token | undefined;

  constructor(path: string, onRequest: () => void, log: Log) {
    this.#path = path;
    this.#onRequest = onRequest;
    this.#log = log;
  }

  /** Reads which request was acted on last. A file that cannot be used is logged: a request may then be repeated once. */
  async load(): Promise<void> {
    try {
      const text = await readFileIfPresent(this.#path);
      const file = text === undefined ? {} : parseJson(text);
      const handled = isJsonObject(file) ? file['handled'] : undefined;
      if (isToken(handled)) this.#handled = handled;
    } catch (error) {
      this.#log.warn({ error: describeError(error) }, `cannot read ${this.#path}`);
    }
  }

  async answer(desired: Readonly<JsonObject>, version: number): Promise<Answer> {
    const section = desired['provisioning'];
    const wanted = isJsonObject(section) ? section['reprovision'] : undefined;
    if (wanted === undefined) return { acknowledgement: this.#withdrawn(), act: nothing };
    if (!isToken(wanted)) {
      const ad =
        'reprovision must be a text of at most 128 characters or a number, another one for each request';
      return { acknowledgement: at({ ac: 400, av: version, ad }), act: nothing };
    }
    if (wanted === this.#handled) return { acknowledgement: done(wanted, version), act: nothing };
    return this.#accept(wanted, version);
  }

  /** An earlier acknowledgement goes with the property it was for. */
  #withdrawn(): ReportedProperties {
    return this.#handled === undefined ? {} : at(null);
  }

  async #accept(wanted: Token, version: number): Promise<Answer> {
    try {
      await writeFileAtomically(this.#path, `${JSON.stringify({ format: 1, handled: wanted })}\n`);
    } catch (error) {
      const ad = `cannot save the request: ${describeError(error)}`;
      return { acknowledgement: at({ value: wanted, ac: 500, av: version, ad }), act: nothing };
    }
    this.#handled = wanted;
    return { acknowledgement: done(wanted, version), act: this.#onRequest };
  }
}

function done(value: Token, av: number): ReportedProperties {
  return at({ value, ac: 200, av, ad: 'DPS is asked again' });
}

function at(acknowledgement: JsonObject | null): ReportedProperties {
  return { provisioning: { reprovision: acknowledgement } };
}

function isToken(value: unknown): value is Token {
  return typeof value === 'number' || (typeof value === 'string' && value.length <= 128);
}
