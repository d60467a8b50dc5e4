import type * as v from 'valibot';
import { aliasedKey } from '../iot-edge.ts';
import type { KeyPath } from '../positions.ts';
import { formatPath } from '../problems.ts';
import type { ConfigProblem } from '../problems.ts';
import { itemOf, keysOf } from '../spelling.ts';
import { closest } from '../suggest.ts';
import { pathId } from './layer.ts';
import type { Layer } from './layer.ts';
import { asTaken } from './schema-at.ts';
import type { Environment } from './substitution.ts';

export const environmentPrefix = 'DPS_AGENT_';

/** The variable for a key: two underscores between levels, since keys have one inside. */
export function variableFor(path: readonly string[]): string {
  return environmentPrefix + path.map((key) => key.toUpperCase()).join('__');
}

/**
 * Values by variables of the environment, such as DPS_AGENT_TELEMETRY__WINDOW. An empty variable says nothing, and one that
 * the files refer to (`isUsed`) may be called as it likes.
 */
export function environmentLayer(
  schema: v.GenericSchema,
  environment: Environment,
  isUsed: (name: string) => boolean,
): Layer {
  const reader = new Reader(schema);
  for (const name of Object.keys(environment).toSorted()) {
    const text = environment[name] ?? '';
    if (name.startsWith(environmentPrefix) && text !== '' && !isUsed(name)) reader.read(name, text);
  }
  const nameOf = (path: KeyPath): string | undefined => reader.names.get(pathId(path));
  return {
    document: reader.document,
    problems: reader.problems,
    warnings: reader.warnings,
    isSettled: () => false,
    problemAt: (path, message) => problem(nameOf(path), formatPath(path), message),
    sourceOf: (path) => ({ kind: 'environment', name: nameOf(path) ?? 'environment' }),
  };
}

type Tree = Record<string, unknown>;

class Reader {
  readonly document: Tree = {};
  readonly names = new Map<string, string>();
  readonly problems: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];
  readonly #schema: v.GenericSchema;

  constructor(schema: v.GenericSchema) {
    this.#schema = schema;
  }

  read(name: string, text: string): void {
    const words = name.slice(environmentPrefix.length).toLowerCase().split('__');
    const path: string[] = [];
    let schema = this.#schema;
    for (const word of words) {
      const keys = path.length === 0 ? keysForVariables(schema) : keysOf(schema);
      const key = keys === undefined ? undefined : keyFor(keys, word, path);
      const inside = key === undefined ? undefined : keys?.[key];
      if (key === undefined || inside === undefined) {
        this.#unknown(name, path, word, Object.keys(keys ?? {}));
        return;
      }
      path.push(key);
      schema = inside;
    }
    this.#put(name, path, schema, text);
  }

  #put(name: string, path: readonly string[], schema: v.GenericSchema, text: string): void {
    const [last = '', ...above] = path.toReversed();
    const value = asTaken(schema, text);
    const collection = collectionIn(schema, value);
    if (collection !== undefined) {
      this.problems.push(problem(name, formatPath(path), collection(path)));
      return;
    }
    const earlier = this.names.get(pathId(path));
    if (earlier !== undefined) {
      this.problems.push(problem(name, formatPath(path), `is the same key as ${earlier}: unset one`));
      return;
    }
    let at = this.document;
    for (const key of above.toReversed()) at = branch(at, key);
    at[last] = value;
    this.names.set(pathId(path), name);
  }

  /** Whoever runs in a cluster finds variables there that nobody has meant for the agent (DPS_AGENT_PORT, DPS_AGENT_SERVICE_HOST). */
  #unknown(name: string, path: readonly string[], word: string, known: readonly string[]): void {
    const meant = closest(word, known);
    const hint = meant === undefined ? '' : `; did you mean ${variableFor([...path, meant])}?`;
    const isForeign = !name.slice(environmentPrefix.length).includes('__') && meant === undefined;
    if (isForeign) this.warnings.push(problem(name, '', 'is no key of the configuration: ignored'));
    else if (known.length === 0)
      this.problems.push(
        problem(name, '', `unknown key: ${formatPath(path)} has none that a variable can give`),
      );
    else this.problems.push(problem(name, '', `unknown key${hint === '' ? placesOf(path, known) : hint}`));
  }
}

function placesOf(path: readonly string[], known: readonly string[]): string {
  const places = known.map((key) => variableFor([...path, key]));
  const shown = places.slice(0, 3).join(', ');
  return places.length > 3 ? `; known here are ${shown} and others` : `; known here: ${shown}`;
}

/** DPS_AGENT_VERSION is somebody's note of the version of the program; that of a file stands in the file. */
function keysForVariables(schema: v.GenericSchema): v.ObjectEntries | undefined {
  const keys = keysOf(schema);
  return keys && Object.fromEntries(Object.entries(keys).filter(([key]) => key !== 'version'));
}

function keyFor(keys: v.ObjectEntries, word: string, path: readonly string[]): string | undefined {
  return Object.hasOwn(keys, word) ? word : aliasedKey(path, word);
}

/** What to say of a text for a list or a section that takes none. */
function collectionIn(
  schema: v.GenericSchema,
  value: unknown,
): ((path: readonly string[]) => string) | undefined {
  const keys = Object.entries(keysOf(schema) ?? {});
  if (itemOf(schema) !== undefined)
    return () => 'is a list, which a variable cannot give: write it in a file of the drop-in directory';
  const [first = ''] = keys.find(([, inner]) => isPlain(inner)) ?? keys[0] ?? [];
  if (first === '' || isTaken(schema, value)) return undefined;
  return (path) => `is a section: name a key in it, such as ${variableFor([...path, first])}`;
}

function isPlain(entry: v.ObjectEntries[string]): boolean {
  const schema = entry;
  return keysOf(schema) === undefined && itemOf(schema) === undefined;
}

/** Some sections may be a text instead. */
function isTaken(schema: v.GenericSchema, value: unknown): boolean {
  return 'mapping' in schema && value !== undefined;
}

function branch(tree: Tree, key: string): Tree {
  const inside = tree[key];
  if (typeof inside === 'object' && inside !== null) return inside as Tree;
  const fresh: Tree = {};
  tree[key] = fresh;
  return fresh;
}

function problem(name: string | undefined, path: string, message: string): ConfigProblem {
  const file = name === undefined ? 'environment' : `environment variable ${name}`;
  return { file, line: 0, column: 0, path, message };
}
