import type { SystemFigure, SystemInputConfig } from '../../config/inputs/system-input.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { HandOver, Input } from './input.ts';
import { CpuFigure } from './system/cpu.ts';
import { diskWear } from './system/disk-wear.ts';
import { disk, load, memory, network, temperature, uptime } from './system/health.ts';
import { MachineFiles } from './system/machine-files.ts';
import { throttling } from './system/throttling.ts';

/**
 * How the machine is, from Linux's own files. A figure that this machine does not have is left out. Bytes are bytes,
 * percentages run from 0 to 100, temperatures are in °C. Rejects when the machine has none of the figures.
 */
export class SystemInput implements Input {
  readonly name: string;
  readonly intervalMs: number;
  readonly #config: Pick<SystemInputConfig, 'figures'>;
  readonly #figures: Readonly<Record<SystemFigure, () => Promise<JsonObject>>>;

  /**
   * @param config whose figures are looked up anew for each reading
   * @param root where `proc` and `sys` are, `/` but in tests
   */
  constructor(config: Pick<SystemInputConfig, 'name' | 'intervalMs' | 'figures'>, root = '/') {
    this.name = config.name;
    this.intervalMs = config.intervalMs;
    this.#config = config;
    this.#figures = figuresOf(new MachineFiles(root));
  }

  async read(handOver: HandOver, signal: AbortSignal): Promise<void> {
    const wanted = this.#config.figures;
    const figures = await Promise.all(wanted.map((figure) => this.#figures[figure]()));
    signal.throwIfAborted();
    const values = Object.assign({}, ...figures) as JsonObject;
    if (Object.keys(values).length === 0)
      throw new Error(`cannot measure ${wanted.join(', ')}: this machine does not tell`);
    await handOver([{ values }]);
  }
}

function figuresOf(files: MachineFiles): Record<SystemFigure, () => Promise<JsonObject>> {
  const cpu = new CpuFigure(files);
  return {
    cpu: () => cpu.read(),
    load: () => load(files),
    memory: () => memory(files),
    disk: () => disk(files),
    temperature: () => temperature(files),
    uptime: () => uptime(files),
    network: () => network(files),
    throttling: () => throttling(files),
    disk_wear: () => diskWear(files),
  };
}
