/** What reading one value gives: the value as the program wants it, or the sentence that says what is wrong. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** The one form of "this is not what belongs here". `undefined` stands for a key that is not there at all. */
export function expected(what: string, value: unknown): string {
  return value === undefined ? `missing: expected ${what}` : `expected ${what}, found ${found(value)}`;
}

/** Like `expected`, for keys that hold secrets: says the type of what was found and never the value. */
export function expectedSecret(what: string, value: unknown): string {
  return value === undefined ? `missing: expected ${what}` : `expected ${what}, found ${typeInWords(value)}`;
}

/** A found value for a message: text quoted and cut at 40 characters, collections only by their kind. */
export function found(value: unknown): string {
  if (typeof value === 'string')
    return looksSecret(value) ? 'text that may be a secret, not shown' : quoted(value);
  if (typeof value === 'number') return numberInWords(value);
  if (typeof value === 'boolean') return String(value);
  return typeInWords(value);
}

export function typeInWords(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') return 'a number';
  if (typeof value === 'boolean') return 'true or false';
  return 'a mapping';
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `a, b or c`, for messages. */
export function listed(words: readonly string[], conjunction: 'or' | 'and' = 'or'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1) ?? ''}`;
}

/** YAML reads an unquoted 0042 as the number 42 and an unquoted true as a truth. */
export function quotesHint(input: unknown): string {
  return typeof input === 'number' || typeof input === 'boolean' ? ': put it in quotes to make it text' : '';
}

const longestQuote = 40;

function quoted(text: string): string {
  const characters = Array.from(text);
  const cut = characters.length > longestQuote ? `${characters.slice(0, longestQuote).join('')}…` : text;
  return JSON.stringify(cut);
}

function numberInWords(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  return String(value);
}

/** A key or connection string that was pasted under the wrong name must not reach a log either. */
export function looksSecret(text: string): boolean {
  return /[A-Za-z0-9+/]{43}|[A-Za-z0-9+/]{21,}={1,2}|SharedAccess|PRIVATE KEY/.test(text);
}
