/** As `Secret` shows itself. */
const shown = '[secret]';
const shortestLine = 16;

/**
 * A text for a log, a caller or an archive without what it must not tell: values known to be secret, and whatever has the
 * form of a key, a token, a password in a URL or a shared access signature. Takes no longer than in proportion to the text.
 * @param known of two values of which one holds the other, the longer first, as `formsOf` gives them
 */
export function withoutSecrets(text: string, known: readonly string[] = []): string {
  const named = known.reduce((rest, value) => (value === '' ? rest : rest.replaceAll(value, shown)), text);
  return named
    .replaceAll(/-----BEGIN [^-]*PRIVATE KEY-----[^]*?(?:-----END [^-]*-----|$)/g, shown)
    .replaceAll(/\b(sig|SharedAccessKey|AccountKey|password|token)=[^&\s;"'\\]+/gi, `$1=${shown}`)
    .replaceAll(/(?<=:\/\/)[^/\s@"'\\]+@/g, `${shown}@`)
    .replaceAll(/\b(Bearer|Basic(?= [\w.~+/-]{8})) [\w.~+/-]+=*/gi, `$1 ${shown}`)
    .replaceAll(/(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{22,}={1,2}/g, shown);
}

/**
 * The forms in which secrets turn up in texts: as they are, as base64, percent-encoded and as JSON; of several lines each
 * line too, since texts break elsewhere. Longest first.
 */
export function formsOf(values: readonly string[]): readonly string[] {
  const forms = values.flatMap((value) => {
    const lines = value.split(/\r?\n/).map((line) => line.trim());
    const long = lines.filter((line) => line.length >= shortestLine && !line.startsWith('-----'));
    const bytes = Buffer.from(value);
    const base64 = bytes.toString('base64');
    const json = JSON.stringify(value).slice(1, -1);
    return [value, json, base64, encodeURIComponent(bytes.toString()), encodeURIComponent(base64), ...long];
  });
  return [...new Set(forms)].sort((one, other) => other.length - one.length);
}
