import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Histogram as HistogramFigures, Metric, Sample } from './definition.ts';
import type { Figures } from './figures.ts';

/** Writes metrics in Prometheus' text format, by a registry of its own: several agents may run in one process. */
export class MetricsRegistry {
  readonly #registry = new Registry();
  /** What is being written: all lines of a text are of one moment. */
  #figures: Figures;

  constructor(metrics: readonly Metric[], figures: Figures) {
    this.#figures = figures;
    for (const metric of metrics) this.#register(metric);
  }

  /** Everything is read before this returns; only then is it written. */
  text(figures: Figures): Promise<string> {
    this.#figures = figures;
    return this.#registry.metrics();
  }

  #register(metric: Metric): void {
    const { name, help, labels = [] } = metric;
    const described = { name, help, labelNames: labels, registers: [this.#registry] };
    switch (metric.type) {
      case 'histogram': {
        const buckets = [...metric.readHistogram(this.#figures).bounds];
        new FilledHistogram({ ...described, buckets }, () => metric.readHistogram(this.#figures));
        return;
      }
      case 'gauge': {
        const gauge: Gauge = new Gauge({
          ...described,
          collect: () => {
            empty(gauge, labels);
            for (const sample of metric.read(this.#figures)) gauge.set(labelsOf(sample), sample.value);
          },
        });
        return;
      }
      case 'counter': {
        // The total is another's count: what stood here before is replaced by it.
        const counter: Counter = new Counter({
          ...described,
          collect: () => {
            empty(counter, labels);
            for (const sample of metric.read(this.#figures)) counter.inc(labelsOf(sample), sample.value);
          },
        });
        return;
      }
    }
  }
}

/** prom-client gives what has no labels a 0, which would be told where a figure is not known. */
function empty(metric: Gauge | Counter, labels: readonly string[]): void {
  metric.reset();
  if (labels.length === 0) metric.remove();
}

function labelsOf({ labels = {} }: Sample): Record<string, string> {
  return { ...labels };
}

type Written = Awaited<ReturnType<Histogram['get']>>;

/** A histogram that somebody else has observed; docs/metrics.md says what prom-client's own way of it costs. */
class FilledHistogram extends Histogram {
  /** In no registry: it knows what a histogram is to say of itself. */
  readonly #empty: Histogram;
  readonly #name: string;
  readonly #read: () => HistogramFigures;

  constructor(options: ConstructorParameters<typeof Histogram>[0], read: () => HistogramFigures) {
    super(options);
    this.#empty = new Histogram({ ...options, registers: [] });
    this.#name = options.name;
    this.#read = read;
  }

  override async get(): Promise<Written> {
    const { bounds, within, count, sum } = this.#read();
    const values = [
      ...bounds.map((bound, index) => this.#bucket(String(bound), within[index] ?? 0)),
      this.#bucket('+Inf', count),
      { labels: {}, value: sum, metricName: `${this.#name}_sum` },
      { labels: {}, value: count, metricName: `${this.#name}_count` },
    ];
    return { ...(await this.#empty.get()), values };
  }

  /** Not in prom-client's types: what its registry asks a histogram instead of `get`. */
  getForPromString(): Promise<Written> {
    return this.get();
  }

  #bucket(le: string, value: number): Written['values'][number] {
    return { labels: { le }, value, metricName: `${this.#name}_bucket` };
  }
}
