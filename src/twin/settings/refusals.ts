import type { Log } from '../../lib/log.ts';
import type { Reading } from './desired.ts';

/** Says in the log what the twin asks for in vain: each once, for as long as it is asked for. */
export class Refusals {
  readonly #log: Log;
  #said: ReadonlySet<string> = new Set();

  constructor(log: Log) {
    this.#log = log;
  }

  say({ refused, strangers }: Pick<Reading, 'refused' | 'strangers'>): void {
    const problems = [
      ...Array.from(refused, ([id, problem]) => within(id.split('.')[0], problem)),
      ...strangers.map(({ component, name, problem }) =>
        name === undefined ? problem : within(component, problem),
      ),
    ];
    for (const problem of problems) {
      if (!this.#said.has(problem)) this.#log.warn(`the twin asks for what cannot be: ${problem}`);
    }
    this.#said = new Set(problems);
  }
}

/** A problem begins with the property's name, which the answer in the twin need not repeat the component of. */
function within(component: string | undefined, problem: string): string {
  return `${component ?? ''}.${problem}`;
}
