import { basename, dirname } from 'node:path';
import type { FileInputConfig } from '../../config/inputs/file-input.ts';
import { withoutNoise } from '../processing/without-noise.ts';
import { firstNumber, numberBy, type NumberFinder } from './file/number-finder.ts';
import { oneWireDegrees } from './file/one-wire.ts';
import { readSmallText } from './file/small-text.ts';
import { pathsLike, type FoundPath } from './file/wildcards.ts';
import type { HandOver, Input } from './input.ts';

export type FileInputSettings = Pick<
  FileInputConfig,
  'name' | 'intervalMs' | 'path' | 'value' | 'format' | 'pattern' | 'scale' | 'offset'
>;

/**
 * The numbers in files: sysfs, hwmon, IIO, 1-Wire, or what another program writes. One reading has them all. Of several
 * files those that can be read are handed over before the rest is an error.
 */
export class FileInput implements Input {
  readonly name: string;
  readonly intervalMs: number;
  readonly #settings: FileInputSettings;
  readonly #find: NumberFinder;

  constructor(settings: FileInputSettings) {
    this.name = settings.name;
    this.intervalMs = settings.intervalMs;
    this.#settings = settings;
    this.#find = finderFor(settings);
  }

  async read(handOver: HandOver, signal: AbortSignal): Promise<void> {
    const files = this.#named(await this.#paths());
    const values = new Map<string, number>();
    const failures: Error[] = [];
    // One after the other: a 1-Wire sensor takes most of a second, and its bus has one wire.
    for (const [name, path] of files) {
      try {
        values.set(name, await this.#number(path, signal));
      } catch (cause) {
        failures.push(new Error(`cannot read ${path}`, { cause }));
      }
      signal.throwIfAborted();
    }
    if (values.size > 0) await handOver([{ values: Object.fromEntries(values) }]);
    const [first, second] = failures;
    if (first === undefined) return;
    throw second === undefined
      ? first
      : new AggregateError(failures, `cannot read all of ${this.#settings.path}`);
  }

  async #paths(): Promise<readonly FoundPath[]> {
    const { path } = this.#settings;
    const found = await pathsLike(path).catch((cause: unknown) => {
      throw new Error(`cannot look for ${path}`, { cause });
    });
    if (found.length === 0) throw new Error(`cannot read ${path}: no file fits`);
    return found;
  }

  /** Each path by the name of its value. */
  #named(found: readonly FoundPath[]): ReadonlyMap<string, string> {
    const named = new Map<string, string>();
    for (const place of found) {
      const name = fillIn(this.#settings.value, place);
      const other = named.get(name);
      if (other !== undefined)
        throw new Error(
          `cannot tell ${other} from ${place.path}: both would be called ${name}; put {1}, {dir} or {file} into value`,
        );
      named.set(name, place.path);
    }
    return named;
  }

  async #number(path: string, signal: AbortSignal): Promise<number> {
    const { scale, offset } = this.#settings;
    const number = this.#find(await readSmallText(path, signal));
    const value = withoutNoise(number * scale + offset);
    if (Number.isFinite(value)) return value;
    throw new Error(`${number} times ${scale} is beyond what a number can hold`);
  }
}

function finderFor({ format, pattern }: FileInputSettings): NumberFinder {
  if (format === 'w1') return oneWireDegrees;
  return pattern === undefined ? firstNumber : numberBy(pattern);
}

function fillIn(template: string, { path, taken }: FoundPath): string {
  const ends = { dir: basename(dirname(path)), file: basename(path) };
  return template.replace(
    /\{(?:(dir|file)|(\d+))\}/g,
    (_, end: 'dir' | 'file' | undefined, number: string) =>
      end === undefined ? (taken[Number(number) - 1] ?? '') : ends[end],
  );
}
