import { inspect } from 'node:util';

const shown = '[secret]';

/**
 * A value that must not appear in a log, an error or a dump. However it is printed, serialised or inspected,
 * it shows as `[secret]`; `reveal` is the one way to the value, so that every use can be found by name.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [inspect.custom](): string {
    return shown;
  }
}
