import type { ActiveFault, FaultBook, FaultInput } from './faults.ts';
import { matches, parseFault } from './faults.ts';
import type { Gateway } from './gateway.ts';

/** Where faults are set and cleared: the book, and what takes effect on ports and connections at once. */
export class FaultDesk {
  readonly book: FaultBook;
  #gateways: readonly Gateway[] = [];

  constructor(book: FaultBook) {
    this.book = book;
  }

  attach(gateways: readonly Gateway[]): void {
    this.#gateways = gateways;
  }

  /** Throws a TypeError that says what is wrong with a fault. `drop-connections` is done when this returns. */
  add(input: FaultInput): ActiveFault {
    const fault = parseFault(input);
    if (fault.kind === 'drop-connections') {
      const struck = this.#gateways.reduce(
        (sum, gateway) => sum + gateway.drop((scope) => matches(fault, scope)),
        0,
      );
      return { id: 'done', fault, struck, left: 0 };
    }
    const active = this.book.add(input);
    if (fault.kind === 'go-silent') for (const gateway of this.#gateways) gateway.silence();
    if (fault.kind === 'refuse-tcp') this.#closeListeners();
    return active;
  }

  /** Ends one fault, or all; resolves with how many, when every port that was closed is open again. */
  async clear(id?: string): Promise<number> {
    const count = this.book.clear(id);
    for (const gateway of this.#gateways) {
      if (!this.#isClosed(gateway)) await gateway.listen(gateway.port);
    }
    return count;
  }

  list(): ActiveFault[] {
    return this.book.list();
  }

  #closeListeners(): void {
    for (const gateway of this.#gateways) if (this.#isClosed(gateway)) gateway.stopListening();
  }

  #isClosed(gateway: Gateway): boolean {
    const scope = { hub: gateway.hubName ?? '' };
    return this.book
      .list()
      .some(({ fault }) => fault.kind === 'refuse-tcp' && fault.how === 'closed' && matches(fault, scope));
  }
}
