import type { Secret } from '../lib/secret.ts';

const shown = '[secret]';
/** Shorter values stand in many texts by chance. */
const shortestValue = 6;
const shortestLine = 16;

/** Takes out of texts what must not leave the device: values known to be secret, however encoded, and what looks like one. */
export class Scrubber {
  readonly #values: readonly string[];

  constructor(secrets: readonly Secret[]) {
    const values = secrets.flatMap((secret) => formsOf(secret.reveal().trim()));
    // A value that holds another goes first.
    this.#values = [...new Set(values)].sort((one, other) => other.length - one.length);
  }

  scrub(text: string): string {
    const named = this.#values.reduce((rest, value) => rest.replaceAll(value, shown), text);
    return named
      .replaceAll(/-----BEGIN [^-]*PRIVATE KEY-----[^]*?(?:-----END [^-]*-----|$)/g, shown)
      .replaceAll(/\b(sig|SharedAccessKey|AccountKey|password|token)=[^&\s;"'\\,]+/gi, `$1=${shown}`)
      .replaceAll(/(https?:\/\/)[^/\s:@"]+:[^/\s@"]+@/gi, `$1${shown}@`)
      .replaceAll(/\b(Bearer|Basic) [\w.~+/-]{8,}=*/gi, `$1 ${shown}`);
  }
}

/** As it is, as base64, percent-encoded and as JSON; of several lines each line too, since texts break elsewhere. */
function formsOf(value: string): string[] {
  if (value.length < shortestValue) return [];
  const lines = value.split(/\r?\n/).map((line) => line.trim());
  const long =
    lines.length > 1 ? lines.filter((line) => line.length >= shortestLine && !line.startsWith('-----')) : [];
  const base64 = Buffer.from(value).toString('base64');
  const json = JSON.stringify(value).slice(1, -1);
  return [value, json, base64, encodeURIComponent(value), encodeURIComponent(base64), ...long];
}
