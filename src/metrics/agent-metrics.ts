import { allMetrics } from './all-metrics.ts';
import type { Figures } from './figures.ts';
import type { MetricsRegistry } from './registry.ts';

/** The answer to whoever scrapes the agent. */
export class AgentMetrics {
  readonly #figures: () => Figures;
  #registry: Promise<MetricsRegistry> | undefined;

  /** @param figures what there is to be told, asked for at each scrape */
  constructor(figures: () => Figures) {
    this.#figures = figures;
  }

  /** In Prometheus' text format, version 0.0.4. What writes it is loaded when it is asked for the first time. */
  async text(): Promise<string> {
    this.#registry ??= this.#load();
    const registry = await this.#registry;
    return registry.text(this.#figures());
  }

  async #load(): Promise<MetricsRegistry> {
    const { MetricsRegistry } = await import('./registry.ts');
    return new MetricsRegistry(allMetrics, this.#figures());
  }
}
