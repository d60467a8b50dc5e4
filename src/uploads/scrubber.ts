import type { Secret } from '../lib/secret.ts';
import { formsOf, withoutSecrets } from '../lib/without-secrets.ts';

/** Shorter values stand in many texts by chance. */
const shortestValue = 6;

/** Takes out of texts what must not leave the device: values known to be secret, however encoded, and what looks like one. */
export class Scrubber {
  readonly #forms: readonly string[];

  constructor(secrets: readonly Secret[]) {
    const values = secrets.map((secret) => secret.reveal().trim());
    this.#forms = formsOf(values.filter((value) => value.length >= shortestValue));
  }

  /** @param taken is told by which rule something was taken out, and how often */
  scrub(text: string, taken?: (rule: string, times: number) => void): string {
    return withoutSecrets(text, this.#forms, taken);
  }
}
