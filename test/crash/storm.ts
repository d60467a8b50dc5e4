import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { oneOf, seededRandom, whole } from '../fakes/seeded-random.ts';
import type { Ledger } from './ledger.ts';
import { pass } from './pass.ts';

const happenings = [
  'drop-connections',
  'drop-connections',
  'drop-after-messages',
  'swallow-pubacks',
  'delay',
  'outage',
  'restart',
] as const;

/** A hub that everything goes wrong with, one thing after the other, until it is calmed. */
export class Storm {
  readonly counts = new Map<string, number>();
  readonly #dataDirectory: string;
  readonly #ledger: Ledger;
  #simulator: Simulator;
  #isOver = false;
  #running: Promise<void> = Promise.resolve();

  /** @param simulator running on this data directory; whatever it receives goes to the ledger */
  constructor(simulator: Simulator, dataDirectory: string, ledger: Ledger) {
    this.#simulator = simulator;
    this.#dataDirectory = dataDirectory;
    this.#ledger = ledger;
    this.#listen();
  }

  start(seed: number): void {
    this.#running = this.#rage(seed);
  }

  /** Out of reach until it is calmed. */
  vanish(): void {
    this.#simulator.faults.add({ kind: 'refuse-tcp', how: 'closed' });
    this.#simulator.faults.add({ kind: 'drop-connections' });
  }

  /** Nothing goes wrong any more. Rejects when something did that should not have. */
  async calm(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    await this.#simulator.faults.clear();
  }

  close(): Promise<void> {
    return this.#simulator.close();
  }

  async #rage(seed: number): Promise<void> {
    const random = seededRandom(seed);
    while (!this.#isOver) {
      const happening = oneOf(random, happenings);
      this.counts.set(happening, (this.counts.get(happening) ?? 0) + 1);
      const { faults } = this.#simulator;
      const size = whole(random, 1000) / 1000;
      switch (happening) {
        case 'drop-connections':
          faults.add({ kind: happening });
          break;
        case 'drop-after-messages':
          faults.add({ kind: happening, messages: 1 + Math.floor(size * 200), times: 1 });
          break;
        case 'swallow-pubacks':
          faults.add({ kind: happening, times: 1 + Math.floor(size * 50) });
          break;
        case 'delay':
          faults.add({ kind: happening, ms: 20 + Math.floor(size * 300), times: 100 });
          break;
        case 'outage':
          this.vanish();
          await pass(200 + size * 3000);
          await faults.clear();
          break;
        case 'restart':
          await this.#simulator.close();
          await pass(size * 2000);
          this.#simulator = await startSimulator({
            dataDirectory: this.#dataDirectory,
            retryAfterSeconds: 0,
          });
          this.#listen();
          break;
      }
      await pass(200 + whole(random, 1500));
    }
  }

  #listen(): void {
    this.#simulator.messages.subscribe((message) => {
      this.#ledger.arrive(message);
    });
  }
}
