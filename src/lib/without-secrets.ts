/** As `Secret` shows itself. */
const shown = '[secret]';
const shortestLine = 16;

/** Why something was taken out of a text, and what takes its place. */
interface Rule {
  readonly name: string;
  readonly form: RegExp;
  readonly shown: string;
}

/** What has the form of a secret; each takes no longer than in proportion to the text. */
const rules: readonly Rule[] = [
  {
    name: 'private key',
    form: /-----BEGIN [^-]*PRIVATE KEY-----[^]*?(?:-----END [^-]*-----|$)/g,
    shown,
  },
  {
    name: 'named value',
    // Whatever a name ends in: access_token, clientSecret. Functions of Azure have their key as code.
    form: /(\bsig|SharedAccessKey|AccountKey|password|passphrase|token|secret|api[_-]?key|[?&](?:code|key))=(?!\[secret\]|\*\*\*)[^&\s;"'\\]+/gi,
    shown: `$1=${shown}`,
  },
  {
    name: 'named value',
    form: /(\\?"[\w-]{0,40}(?:password|passphrase|token|secret|symmetric_?key|primary_?key|secondary_?key|api[_-]?key)\\?" ?: ?\\?")(?!\[secret\]|\*\*\*|file:|env:|credential:)[^"\\]+/gi,
    shown: `$1${shown}`,
  },
  { name: 'password in a URL', form: /(?<=:\/\/)(?!\[secret\]@|\*\*\*@)[^/\s@"'\\]+@/g, shown: `${shown}@` },
  {
    name: 'authorization',
    form: /\b(Bearer|Basic(?= [\w.~+/-]{8})) [\w.~+/-]+=*/gi,
    shown: `$1 ${shown}`,
  },
  { name: 'key', form: /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{22,}={1,2}/g, shown },
];

/** Every name of a rule that `withoutSecrets` may tell of. */
export const redactionRules: readonly string[] = ['known secret', ...new Set(rules.map(({ name }) => name))];

/**
 * A text for a log, a caller or an archive without what it must not tell: values known to be secret, and whatever has the
 * form of a key, a token, a password in a URL or a shared access signature. Takes no longer than in proportion to the text.
 * @param known of two values of which one holds the other, the longer first, as `formsOf` gives them
 * @param taken is told by which rule something was taken out, and how often
 */
export function withoutSecrets(
  text: string,
  known: readonly string[] = [],
  taken: (rule: string, times: number) => void = () => undefined,
): string {
  let rest = text;
  for (const value of known) {
    if (value === '' || !rest.includes(value)) continue;
    const pieces = rest.split(value);
    taken('known secret', pieces.length - 1);
    rest = pieces.join(shown);
  }
  for (const { name, form, shown: instead } of rules) {
    const times = rest.match(form)?.length ?? 0;
    if (times === 0) continue;
    taken(name, times);
    rest = rest.replaceAll(form, instead);
  }
  return rest;
}

/**
 * The forms in which secrets turn up in texts: as they are, as base64, percent-encoded, as JSON and as JSON within JSON; of
 * several lines each line too, since texts break elsewhere. Longest first.
 */
export function formsOf(values: readonly string[]): readonly string[] {
  const forms = values.flatMap((value) => {
    const lines = value.split(/\r?\n/).map((line) => line.trim());
    const long = lines.filter((line) => line.length >= shortestLine && !line.startsWith('-----'));
    const bytes = Buffer.from(value);
    const base64 = bytes.toString('base64');
    const json = inJson(value);
    const encoded = [
      base64,
      base64.replace(/=+$/, ''),
      bytes.toString('base64url'),
      encodeURIComponent(base64),
    ];
    return [value, json, inJson(json), encodeURIComponent(bytes.toString()), ...encoded, ...long];
  });
  return [...new Set(forms)].sort((one, other) => other.length - one.length);
}

function inJson(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}
