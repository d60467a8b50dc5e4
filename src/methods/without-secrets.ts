/**
 * A text for the log or the caller without what it must not tell: values known to be secret, and whatever has the form of
 * a key, a token or a shared access signature.
 */
export function withoutSecrets(text: string, known: readonly string[] = []): string {
  const named = known.reduce((rest, value) => (value === '' ? rest : rest.replaceAll(value, shown)), text);
  return named
    .replaceAll(/-----BEGIN [^-]*PRIVATE KEY-----[^]*?(?:-----END [^-]*-----|$)/g, shown)
    .replaceAll(/\b(sig|SharedAccessKey|password|token)=[^&\s;"'\\]+/gi, `$1=${shown}`)
    .replaceAll(/\bBearer [\w.~+/-]+=*/gi, `Bearer ${shown}`)
    .replaceAll(/(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{22,}={1,2}/g, shown);
}

/** The same mark as that of `lib/secret.ts`. */
const shown = '[secret]';
