/** The error for text that is not of the form that was expected, with how it begins. */
export function unreadable(text: string, expected: string, cause?: unknown): Error {
  const message = `cannot read ${beginning(text)}: expected ${expected}`;
  return new Error(message, cause === undefined ? undefined : { cause });
}

const shownCharacters = 60;

/** The first characters, quoted, so that control characters can do no harm in a log. */
function beginning(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return 'an empty text';
  const characters = Array.from(trimmed.slice(0, 2 * shownCharacters + 2));
  if (characters.length <= shownCharacters) return JSON.stringify(trimmed);
  return JSON.stringify(`${characters.slice(0, shownCharacters).join('')}…`);
}
