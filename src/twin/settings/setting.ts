import type { Config } from '../../config/schema.ts';
import type { Checked, Kind } from './kinds.ts';

export type Unit = 'second' | 'byte';

interface About {
  readonly component: string;
  /** Of the property, units included. */
  readonly name: string;
  /** What it is, as a sentence; for the document and the model. */
  readonly description: string;
  readonly unit?: Unit;
  /** It takes effect with a new connection, and only stays if that comes about. */
  readonly reconnects?: boolean;
  /** It may hold for a time only. */
  readonly lapses?: boolean;
  /** It is never shown, neither in the twin nor in the log. */
  readonly secret?: boolean;
}

/** One thing that may be steered: a desired property, and what it means for the configuration. */
export interface Setting extends About {
  /** `component.name`. */
  readonly id: string;
  readonly kind: Kind<unknown>;
  /** By its kind, and by what this device's configuration has room for. */
  readonly check: (value: unknown, config: Config) => Checked<unknown>;
  /** The value by this configuration, as the twin would have it; `undefined` where there is no one value. */
  readonly read: (config: Config) => unknown;
  /** The configuration with this value; unchanged by one that does not pass `check`. */
  readonly apply: (config: Config, value: unknown) => Config;
}

interface Definition<T> extends About {
  readonly kind: Kind<T>;
  readonly read: (config: Config) => T | undefined;
  readonly apply: (config: Config, value: T) => Config;
  /** What this device's configuration has no room for, as a sentence. */
  readonly fault?: (value: T, config: Config) => string | undefined;
}

export function setting<T>({ kind, read, apply, fault, ...about }: Definition<T>): Setting {
  const check = (value: unknown, config: Config): Checked<T> => {
    const checked = kind.check(about.name, value);
    const problem = 'value' in checked ? fault?.(checked.value, config) : undefined;
    return problem === undefined ? checked : { problem };
  };
  return {
    ...about,
    id: `${about.component}.${about.name}`,
    kind,
    check,
    read,
    apply: (config, value) => {
      const checked = check(value, config);
      return 'value' in checked ? apply(config, checked.value) : config;
    },
  };
}
