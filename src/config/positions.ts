import {
  COLLECTION_STYLE,
  EVENT_ID,
  getScalarValue,
  SCALAR_STYLE,
  type Event,
  type ScalarEvent,
} from 'js-yaml';

/** Both count from 1; a column is one UTF-16 code unit, as editors count. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type KeyPath = readonly (string | number)[];

export interface DuplicateKey {
  readonly path: KeyPath;
  readonly at: Position;
  readonly first: Position;
}

/** Where in the text each key and each value of a YAML document stands. */
export interface Positions {
  /** Where the value of a path stands; for a path that is not in the file, the key of the mapping that lacks it. */
  of(path: KeyPath): Position;
  /** Where the key itself stands. */
  ofKey(path: KeyPath): Position;
  readonly duplicates: readonly DuplicateKey[];
}

/** Positions of the first document in `events`, which `parseEvents` made of `source`. */
export function positionsOf(source: string, events: readonly Event[]): Positions {
  const at = lineFinder(source);
  const builder = new TreeBuilder(source, events);
  const root = builder.build();
  return {
    of: (path) => at(valueOffset(deepest(root, path))),
    ofKey: (path) => {
      const place = deepest(root, path);
      return at(place.key ?? valueOffset(place));
    },
    duplicates: builder.duplicates.map(({ path, at: offset, first }) => ({
      path,
      at: at(offset),
      first: at(first),
    })),
  };
}

/** Turns offsets into lines and columns. */
export function lineFinder(source: string): (offset: number) => Position {
  const starts = [0, ...Array.from(source.matchAll(/\r\n|\n|\r/g), (end) => end.index + end[0].length)];
  return (offset) => {
    const after = starts.findIndex((start) => start > offset);
    const line = after === -1 ? starts.length : after;
    return { line, column: offset - (starts[line - 1] ?? 0) + 1 };
  };
}

interface Place {
  /** Offset of the key, for a value in a mapping. */
  key?: number;
  /** Offset of the value; absent when it is empty, or begins on a line below its key. */
  value?: number;
  readonly start: number;
  readonly children: Map<string | number, Place>;
}

function valueOffset(place: Place): number {
  return place.value ?? place.key ?? place.start;
}

function deepest(root: Place, path: KeyPath): Place {
  let place = root;
  for (const key of path) {
    const child = place.children.get(key);
    if (child === undefined) return missingIn(place);
    place = child;
  }
  return place;
}

/** A mapping that lacks a key is best shown by its own key, wherever its first line begins. */
function missingIn(place: Place): Place {
  return place.key === undefined ? place : { ...place, value: place.key };
}

interface DuplicateOffset {
  readonly path: KeyPath;
  readonly at: number;
  readonly first: number;
}

class TreeBuilder {
  readonly duplicates: DuplicateOffset[] = [];
  readonly #source: string;
  readonly #events: readonly Event[];
  readonly #anchors = new Map<string, Place>();
  readonly #anchoredText = new Map<string, string>();
  /** The first event is the document's own. */
  #next = 1;

  constructor(source: string, events: readonly Event[]) {
    this.#source = source;
    this.#events = events;
  }

  build(): Place {
    return this.#node([]);
  }

  #node(path: KeyPath): Place {
    const event = this.#take();
    switch (event?.type) {
      case EVENT_ID.SCALAR:
        this.#text(event);
        return this.#anchored(event, scalarPlace(event));
      case EVENT_ID.ALIAS: {
        const target = this.#anchors.get(this.#name(event));
        return {
          start: event.anchorStart - 1,
          value: event.anchorStart - 1,
          children: target?.children ?? new Map<string | number, Place>(),
        };
      }
      case EVENT_ID.SEQUENCE:
      case EVENT_ID.MAPPING: {
        const place: Place = { start: event.start, children: new Map() };
        if (event.style === COLLECTION_STYLE.FLOW) place.value = event.start;
        this.#anchored(event, place);
        if (event.type === EVENT_ID.MAPPING) this.#mapping(place, path);
        else this.#sequence(place, path);
        return place;
      }
      case EVENT_ID.DOCUMENT:
      case EVENT_ID.POP:
      case undefined:
        return { start: 0, children: new Map() };
    }
  }

  #mapping(place: Place, path: KeyPath): void {
    while (!this.#ended()) {
      const { key, offset } = this.#key();
      const child = this.#node([...path, key]);
      child.key = offset;
      const earlier = place.children.get(key)?.key;
      if (earlier !== undefined) this.duplicates.push({ path: [...path, key], at: offset, first: earlier });
      place.children.set(key, child);
    }
  }

  #sequence(place: Place, path: KeyPath): void {
    for (let index = 0; !this.#ended(); index += 1) place.children.set(index, this.#node([...path, index]));
  }

  #key(): { key: string; offset: number } {
    const event = this.#take();
    if (event?.type === EVENT_ID.ALIAS) {
      return { key: this.#anchoredText.get(this.#name(event)) ?? '', offset: event.anchorStart - 1 };
    }
    if (event?.type !== EVENT_ID.SCALAR) throw new Error('cannot map a YAML key that is not text');
    const place = this.#anchored(event, scalarPlace(event));
    return { key: this.#text(event), offset: place.start };
  }

  /** The text of a scalar, remembered under its anchor: an alias may be a key. */
  #text(event: ScalarEvent): string {
    const text = getScalarValue(this.#source, event);
    if (event.anchorStart >= 0) this.#anchoredText.set(this.#name(event), text);
    return text;
  }

  #anchored(event: { anchorStart: number; anchorEnd: number }, place: Place): Place {
    if (event.anchorStart >= 0) this.#anchors.set(this.#name(event), place);
    return place;
  }

  #name(event: { anchorStart: number; anchorEnd: number }): string {
    return this.#source.slice(event.anchorStart, event.anchorEnd);
  }

  /** Takes the event that closes a collection, if it is next. */
  #ended(): boolean {
    const event = this.#events[this.#next];
    if (event === undefined) return true;
    if (event.type !== EVENT_ID.POP) return false;
    this.#next += 1;
    return true;
  }

  #take(): Event | undefined {
    const event = this.#events[this.#next];
    this.#next += 1;
    return event;
  }
}

function scalarPlace(event: ScalarEvent): Place {
  const isQuoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
  const isBlock = event.style === SCALAR_STYLE.LITERAL_BLOCK || event.style === SCALAR_STYLE.FOLDED_BLOCK;
  const start = Math.max(isQuoted ? event.valueStart - 1 : event.valueStart, 0);
  const place: Place = { start, children: new Map() };
  if (event.valueStart >= 0 && !isBlock) place.value = start;
  return place;
}
