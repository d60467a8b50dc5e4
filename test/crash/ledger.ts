import type { DeviceMessage } from '../../src/simulator/message.ts';
import { numbersIn } from './numbered.ts';

/** A number whose post was answered 202. */
export interface Promised {
  readonly life: number;
  readonly stored: unknown;
}

/** What was promised and what has arrived. */
export class Ledger {
  readonly promised = new Map<number, Promised>();
  /** Whatever must not be, in words. */
  readonly problems: string[] = [];
  arrivals = 0;
  duplicates = 0;
  readonly firstArrival: Promise<void>;
  #hasArrived: () => void = () => undefined;
  readonly #idOfNumber = new Map<number, string>();
  readonly #idOfSequence = new Map<string, string>();
  readonly #contentOfId = new Map<string, string>();

  constructor() {
    this.firstArrival = new Promise((resolve) => {
      this.#hasArrived = resolve;
    });
  }

  promise(numbers: readonly number[], promised: Promised): void {
    for (const n of numbers) this.promised.set(n, promised);
  }

  /** Distinct messages. */
  get delivered(): number {
    return this.#contentOfId.size;
  }

  get lost(): number[] {
    return [...this.promised.keys()].filter((n) => !this.#idOfNumber.has(n));
  }

  arrive(message: DeviceMessage): void {
    this.arrivals += 1;
    this.#hasArrived();
    const { systemProperties, applicationProperties } = message;
    const id = systemProperties['message-id'] ?? '';
    const sequence = applicationProperties['sequence'] ?? '';
    if (id === '' || sequence === '') this.#problem(`a message without message ID or sequence number`);
    this.#expectSame('sequence number', sequence, this.#idOfSequence, sequence, id);
    if (applicationProperties['input'] === 'dps-agent') {
      this.#problem(`the agent tells of a loss: ${JSON.stringify(message.body)}`);
      return;
    }
    const numbers = this.#numbersIn(message);
    const content = `${sequence} ${numbers.join(' ')}`;
    if (this.#contentOfId.has(id)) this.duplicates += 1;
    this.#expectSame('message ID', id, this.#contentOfId, id, content);
    for (const n of numbers) this.#expectSame('number', String(n), this.#idOfNumber, n, id);
  }

  #numbersIn(message: DeviceMessage): number[] {
    try {
      return numbersIn(message);
    } catch (error) {
      this.#problem(String(error));
      return [];
    }
  }

  /** What comes again must come as it was the first time. */
  #expectSame<Key>(what: string, name: string, known: Map<Key, string>, key: Key, value: string): void {
    const before = known.get(key);
    if (before === undefined) known.set(key, value);
    else if (before !== value) this.#problem(`${what} ${name} stands for ${before} and for ${value}`);
  }

  #problem(text: string): void {
    if (this.problems.length < mostProblems) this.problems.push(text);
  }
}

const mostProblems = 20;
