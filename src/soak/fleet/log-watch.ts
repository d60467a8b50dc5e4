import { isJsonObject, parseJson } from '../../lib/json.ts';
import { formsOf, withoutSecrets } from '../../lib/without-secrets.ts';
import type { Observations } from './observations.ts';

/** The states of src/connection/state.ts, as the agent's log names them. */
const states = new Set(['provisioning', 'connecting', 'connected', 'waiting', 'stopped']);

/** A token is signed with a secret, and is one itself. */
const signature = /\bsig=(?!\[secret\])[A-Za-z0-9%+/]{8}/;

/** Told to stop, it left something behind that had not ended (src/cli/run-agent.ts): it says so, and ends with 0. */
const lateEnd = '"msg":"not everything ended within ';

/** Secrets of one agent, as they were put in place one after the other. */
const mostSets = 8;

interface Guarded {
  readonly sets: readonly (readonly string[])[];
  /** All of them in all their forms, and those of everybody. */
  readonly known: readonly string[];
}

export interface LogWatchOptions {
  readonly observations: Observations;
  /** What nobody's log may hold. */
  readonly secrets: readonly string[];
}

/** Reads what agents log: takes states down, and finds what must not be there. */
export class LogWatch {
  readonly #observations: Observations;
  readonly #common: readonly string[];
  readonly #own = new Map<string, Guarded>();

  constructor({ observations, secrets }: LogWatchOptions) {
    this.#observations = observations;
    this.#common = formsOf(secrets);
  }

  /**
   * From now on these are looked for in what this agent logs, beside those that are known; what it had many times before is
   * of no use to anybody, and no longer looked for.
   */
  guard(agent: string, secrets: readonly string[]): void {
    const sets = [...(this.#own.get(agent)?.sets ?? []), formsOf(secrets)].slice(-mostSets);
    this.#own.set(agent, { sets, known: [...this.#common, ...sets.flat()] });
  }

  /** A line of an agent's log; returns it as it may be kept. */
  line(agent: string, text: string): string {
    const kept = this.#withoutSecrets(agent, text);
    if (text.includes('"state":"')) this.#takeState(agent, text);
    if (text.includes('"stack":"')) this.#observations.find('unhandled-error', agent, kept);
    if (text.includes(lateEnd)) this.#observations.find('late-end', agent, kept);
    if (text.startsWith('{"level":60')) this.#observations.find('fatal', agent, kept);
    return kept;
  }

  /** What came on standard error at once: an agent has nothing to say there unless it is its end. */
  errors(agent: string, lines: readonly string[]): readonly string[] {
    const kept = lines.map((line) => this.#withoutSecrets(agent, line));
    const isFatal = lines.some((line) => /\bcannot go on\b/.test(line));
    if (kept.some((line) => line.trim() !== ''))
      this.#observations.find(isFatal ? 'fatal' : 'unhandled-error', agent, kept.join('\n'));
    return kept;
  }

  #takeState(agent: string, text: string): void {
    const line = parseJson(text);
    if (!isJsonObject(line) || typeof line['state'] !== 'string' || !states.has(line['state'])) return;
    if (line['area'] !== 'connection') return;
    const code = line['code'];
    this.#observations.enter(agent, line['state'], typeof code === 'string' ? code : undefined);
  }

  #withoutSecrets(agent: string, text: string): string {
    const known = this.#own.get(agent)?.known ?? this.#common;
    if (!known.some((form) => text.includes(form)) && !signature.test(text)) return text;
    const kept = withoutSecrets(text, known);
    this.#observations.find('secret', agent, kept);
    return kept;
  }
}
