import type * as v from 'valibot';
import { isMapping, listed } from './found.ts';
import { aliasedKey, ignoredSection, unusedProvisioningKey } from './iot-edge.ts';
import { formatPath } from './problems.ts';
import type { KeyPath } from './positions.ts';
import { closest } from './suggest.ts';

export interface Spelling {
  /** The document without what is unknown or ignored, its misspelt keys put right, so that the rest can be checked. */
  readonly document: unknown;
  readonly unknown: readonly KeyNote[];
  readonly ignored: readonly KeyNote[];
  /** The path as the file has it, for a path of `document`. */
  original(path: KeyPath): KeyPath;
  /** Whether the last key of a path of `document` is misspelt in the file. */
  isMisspelt(path: KeyPath): boolean;
}

export interface KeyNote {
  readonly path: KeyPath;
  readonly message: string;
}

/** Compares every key of a document with those its schema knows. The notes never contain a value. */
export function checkSpelling(schema: v.GenericSchema, document: unknown): Spelling {
  const reader = new Speller(schema);
  return {
    document: reader.read(schema, document, [], []),
    unknown: reader.unknown,
    ignored: reader.ignored,
    original: (path) => path.map((key, index) => reader.renamed.get(id(path.slice(0, index + 1))) ?? key),
    isMisspelt: (path) => reader.misspelt.has(id(path)),
  };
}

/** The keys of the mapping that a schema describes; `undefined` if it describes none. */
export function keysOf(schema: v.GenericSchema): v.ObjectEntries | undefined {
  return lookInside(schema, (shape) => shape.entries);
}

/** The schema of a list's elements; `undefined` if it describes no list. */
export function itemOf(schema: v.GenericSchema): v.GenericSchema | undefined {
  return lookInside(schema, (shape) => shape.item);
}

/** Every key path a schema knows, sections before what is in them; list elements stand under `[0]`. */
export function pathsOf(schema: v.GenericSchema, path: KeyPath = []): KeyPath[] {
  const variants = variantsOf(schema);
  if (variants !== undefined) return Object.values(variants).flatMap((variant) => pathsOf(variant, path));
  const item = itemOf(schema);
  if (item !== undefined) return pathsOf(item, [...path, 0]);
  return Object.entries(keysOf(schema) ?? {}).flatMap(([key, entry]) => [
    [...path, key],
    ...pathsOf(entry, [...path, key]),
  ]);
}

/** The keys that a mapping may have here, by its type where that decides; `undefined` where any may be. */
export function knownKeys(schema: v.GenericSchema, value: unknown): v.ObjectEntries | undefined {
  return keysOf(schema) ?? variantKeys(schema, value);
}

/** The schemas among which a mapping's `type` chooses; `undefined` if there is no such choice. */
function variantsOf(schema: v.GenericSchema): Readonly<Record<string, v.GenericSchema>> | undefined {
  return lookInside(schema, (shape) => shape.variants);
}

/** The keys of the variant that `type` names; those of all of them while it names none. */
function variantKeys(schema: v.GenericSchema, value: unknown): v.ObjectEntries | undefined {
  const variants = variantsOf(schema);
  if (variants === undefined || !isMapping(value)) return undefined;
  const chosen = Object.entries(variants).find(([type]) => type === value['type'])?.[1];
  if (chosen !== undefined) return keysOf(chosen);
  return Object.assign({}, ...Object.values(variants).map((variant) => keysOf(variant))) as v.ObjectEntries;
}

/** For a key that mappings of another `type` have; `undefined` for any other. */
function keyOfAnotherType(schema: v.GenericSchema, value: object, key: string): string | undefined {
  const variants = Object.entries(variantsOf(schema) ?? {});
  const own = variants.find(([type]) => 'type' in value && type === value.type)?.[0];
  const others = variants.filter(([, variant]) => Object.hasOwn(keysOf(variant) ?? {}, key));
  if (own === undefined || others.length === 0) return undefined;
  return `belongs to type ${listed(others.map(([type]) => type))}, but type is ${own}: remove it`;
}

class Speller {
  readonly unknown: KeyNote[] = [];
  readonly ignored: KeyNote[] = [];
  /** From a path in the corrected document to the key in the file. */
  readonly renamed = new Map<string, string>();
  /** Those of `renamed` that are not just another accepted name. */
  readonly misspelt = new Set<string>();
  readonly #schema: v.GenericSchema;

  constructor(schema: v.GenericSchema) {
    this.#schema = schema;
  }

  read(schema: v.GenericSchema, value: unknown, path: KeyPath, inFile: KeyPath): unknown {
    const item = itemOf(schema);
    if (item !== undefined && Array.isArray(value)) {
      return value.map((element, index) => this.read(item, element, [...path, index], [...inFile, index]));
    }
    const known = knownKeys(schema, value);
    if (known === undefined || !isMapping(value)) return value;
    const unused = (key: string): string | undefined =>
      id(path) === '["provisioning"]' ? unusedProvisioningKey(key) : keyOfAnotherType(schema, value, key);
    return this.#mapping(known, value, unused, path, inFile);
  }

  /** @param unused why a key that is not known is nothing that could be put right */
  #mapping(
    known: v.ObjectEntries,
    value: object,
    unused: (key: string) => string | undefined,
    path: KeyPath,
    inFile: KeyPath,
  ): Record<string, unknown> {
    const corrected: Record<string, unknown> = {};
    for (const [key, content] of Object.entries(value)) {
      const taken = Object.keys({ ...value, ...corrected });
      const meant = this.#meant(known, taken, unused, key, path, inFile);
      if (meant === undefined) continue;
      if (meant !== key) this.#rename([...path, meant], key);
      corrected[meant] = this.read(
        known[meant] as v.GenericSchema,
        content,
        [...path, meant],
        [...inFile, key],
      );
    }
    return corrected;
  }

  #rename(path: KeyPath, key: string): void {
    this.renamed.set(id(path), key);
    if (aliasedKey(path.slice(0, -1), key) === undefined) this.misspelt.add(id(path));
  }

  /** The known key that `key` is or was meant to be; notes whatever is wrong with it. */
  #meant(
    known: v.ObjectEntries,
    taken: readonly string[],
    unused: (key: string) => string | undefined,
    key: string,
    path: KeyPath,
    inFile: KeyPath,
  ): string | undefined {
    if (Object.hasOwn(known, key)) return key;
    const keyPath = [...inFile, key];
    const ignored = path.length === 0 ? ignoredSection(key) : undefined;
    if (ignored !== undefined) {
      this.ignored.push({ path: keyPath, message: ignored });
      return undefined;
    }
    const alias = aliasedKey(path, key);
    if (alias !== undefined && !taken.includes(alias)) return alias;
    if (alias !== undefined) {
      this.unknown.push({ path: keyPath, message: `is another name of ${alias}, found too: remove one` });
      return undefined;
    }
    const meant = closest(key, Object.keys(known));
    const why = unused(key);
    this.unknown.push({ path: keyPath, message: why ?? this.#unknownKey(known, key, meant, path) });
    return why === undefined && meant !== undefined && !taken.includes(meant) ? meant : undefined;
  }

  /** Where else a key of that name is known. What an element of a list has is told only in the section of the list. */
  #homesOf(key: string, path: KeyPath): string[] {
    const here = path.map((step) => (typeof step === 'number' ? 0 : step));
    const homes = pathsOf(this.#schema)
      .filter((known) => known.at(-1) === key)
      .map((known) => known.slice(0, -1));
    const near = homes.filter(
      (home) => !home.includes(0) || (home.indexOf(0) === home.length - 1 && home[0] === here[0]),
    );
    return [...new Set(near.map(formatPath))].filter((home) => home !== formatPath(here));
  }

  #unknownKey(known: v.ObjectEntries, key: string, meant: string | undefined, path: KeyPath): string {
    if (/^[\w-]+:/.test(key)) return 'unknown key; put a space after the colon';
    if (meant !== undefined) return `unknown key; did you mean "${meant}"?`;
    const homes = this.#homesOf(key, path);
    if (homes.length > 0) return `unknown key here; it belongs ${listed(homes.map(inHome))}`;
    return `unknown key; known here: ${listed(Object.keys(known), 'and')}`;
  }
}

function inHome(home: string): string {
  return home === '' ? 'at the top level' : `in ${home}`;
}

function id(path: KeyPath): string {
  return JSON.stringify(path);
}

/** What valibot's structural schemas carry, as far as it matters here. */
interface Shape {
  readonly entries?: v.ObjectEntries;
  readonly item?: v.GenericSchema;
  readonly wrapped?: v.GenericSchema;
  /** Of `textOrMapping`. */
  readonly mapping?: v.GenericSchema;
  /** Of `byType`. */
  readonly variants?: Readonly<Record<string, v.GenericSchema>>;
  readonly pipe?: readonly v.GenericSchema[];
}

/** Looks through `optional`, `nullish`, `textOrMapping` and `pipe` for the schema that has what is asked for. */
function lookInside<T>(schema: v.GenericSchema, pick: (shape: Shape) => T | undefined): T | undefined {
  const shape: v.GenericSchema & Shape = schema;
  const own = pick(shape);
  if (own !== undefined) return own;
  if (shape.wrapped !== undefined) return lookInside(shape.wrapped, pick);
  if (shape.mapping !== undefined) return lookInside(shape.mapping, pick);
  for (const part of shape.pipe ?? []) {
    const inner = part === schema ? undefined : lookInside(part, pick);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
