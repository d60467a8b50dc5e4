/** The known word that may have been meant. */
export type Suggest = (typed: string, known: readonly string[]) => string | undefined;

/** As the end of a refusal; empty where nothing is near. What is very long was no slip of the finger. */
export function didYouMean(suggest: Suggest, typed: string, known: readonly string[]): string {
  const near = typed.length > 64 ? undefined : suggest(typed, known);
  return near === undefined ? '' : `; did you mean ${near}?`;
}
