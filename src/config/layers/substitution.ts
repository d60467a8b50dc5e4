import { isMapping } from '../found.ts';
import type { KeyPath } from '../positions.ts';

/** The process's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface SubstitutionOptions {
  readonly environment: Environment;
  /** The text as the key of this path takes it. */
  readonly read: (path: KeyPath, text: string) => unknown;
  readonly refuse: (path: KeyPath, message: string) => void;
  /** Called with the name of each variable that the document refers to. */
  readonly used: (name: string) => void;
}

/**
 * The document with `${NAME}`, `${NAME:-default}` and `${NAME:?message}` in its texts replaced by variables of the
 * environment; in `$${` the first dollar sign stands for the second. Keys are left as they are, and so is a dollar sign
 * without a brace after it. A value that cannot be put together is refused and stays as written.
 */
export function substitute(document: unknown, options: SubstitutionOptions): unknown {
  // An alias inside its own anchor makes a circle.
  const done = new Map<object, unknown>();
  const visit = (value: unknown, path: KeyPath): unknown => {
    if (typeof value === 'string') return value.includes('${') ? textAt(value, path, options) : value;
    if (typeof value !== 'object' || value === null) return value;
    const known = done.get(value);
    if (known !== undefined) return known;
    const copy: unknown[] | Record<string, unknown> = Array.isArray(value) ? [] : {};
    done.set(value, copy);
    if (Array.isArray(copy))
      (value as unknown[]).forEach((item, index) => copy.push(visit(item, [...path, index])));
    else if (isMapping(value)) {
      for (const [key, item] of Object.entries(value)) define(copy, key, visit(item, [...path, key]));
    }
    return copy;
  };
  return visit(document, []);
}

/** Also a key that is called `__proto__`. */
function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g;
const form = /^([A-Za-z_][A-Za-z0-9_]*)(?::(-|\?)(.*))?$/s;

function textAt(
  text: string,
  path: KeyPath,
  { environment, read, refuse, used }: SubstitutionOptions,
): unknown {
  const problems: string[] = [];
  const replaced = text.replace(reference, (whole, body: string | undefined, end: string | undefined) => {
    if (body === undefined) return '${';
    const [, name, mark, rest = ''] = (end === '' ? null : form.exec(body)) ?? [];
    if (name === undefined) {
      problems.push(
        '${ begins a reference to a variable, such as ${SITE}: write $${ for the characters themselves',
      );
      return whole;
    }
    used(name);
    const value = environment[name];
    if (mark === undefined && value !== undefined) return value;
    if (mark !== undefined && value !== undefined && value !== '') return value;
    if (mark === '-') return rest;
    problems.push(missing(name, mark === '?' ? rest : ''));
    return whole;
  });
  const [problem] = problems;
  if (problem !== undefined) {
    refuse(path, problem);
    return text;
  }
  return read(path, replaced);
}

function missing(name: string, message: string): string {
  if (message !== '') return `the environment variable ${name} is not set: ${message}`;
  return `the environment variable ${name} is not set: set it, or write \${${name}:-…} with a value for that case`;
}
