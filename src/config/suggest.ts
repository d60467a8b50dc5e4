/**
 * The candidate a person most likely meant, or `undefined` when none is near: at most a third of its letters may
 * differ, and always one. Case and `-` for `_` do not count, nor does a shortened or lengthened word (`err`, `warning`).
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const typed = plain(word);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = distanceOrPrefix(typed, plain(candidate));
    const allowed = Math.max(1, Math.floor(candidate.length / 3));
    // Of two that are near, one because it begins the same, the one that is spelt alike is meant.
    const ranked = distance + editDistance(typed, plain(candidate)) / 1000;
    if (distance <= allowed && ranked < bestDistance) [best, bestDistance] = [candidate, ranked];
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that make `b` of `a`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          at(last, column) + 1,
          at(current, column - 1) + 1,
          at(last, column - 1) + (same ? 0 : 1),
          swapped ? at(beforeLast, column - 2) + 1 : Infinity,
        ),
      );
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function distanceOrPrefix(typed: string, candidate: string): number {
  const shorter = Math.min(typed.length, candidate.length);
  const isPrefix = shorter >= 3 && (typed.startsWith(candidate) || candidate.startsWith(typed));
  return isPrefix ? Math.min(1, editDistance(typed, candidate)) : editDistance(typed, candidate);
}

/** `scopeId`, `Scope-ID` and `scope_id` are one word. */
function plain(word: string): string {
  return word
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll(/[\s-]/g, '_')
    .toLowerCase();
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
