/**
 * The three functions of the metadata proposal that @peculiar/x509's container asks of the global `Reflect` when
 * it is loaded. Import this before it. A full polyfill that is already there is left alone.
 */
type Key = string | symbol;

const store = new WeakMap<object, Map<Key, unknown>>();

function getOwnMetadata(key: Key, target: object): unknown {
  return store.get(target)?.get(key);
}

function getMetadata(key: Key, target: object): unknown {
  for (
    let owner: object | null = target;
    owner !== null;
    owner = Object.getPrototypeOf(owner) as object | null
  ) {
    if (store.get(owner)?.has(key) === true) return getOwnMetadata(key, owner);
  }
  return undefined;
}

function defineMetadata(key: Key, value: unknown, target: object): void {
  const own = store.get(target) ?? new Map<Key, unknown>();
  store.set(target, own.set(key, value));
}

if (!('getMetadata' in Reflect)) Object.assign(Reflect, { getOwnMetadata, getMetadata, defineMetadata });
