/** protocol.md 2.2 */
const [fewestBytes, mostBytes] = [16, 64];

export const deviceKeyInWords = `the base64 key of an enrollment (${fewestBytes} to ${mostBytes} bytes)`;

/** What `text` is instead of a key; `undefined` if it is one. Contains nothing of the text. */
export function deviceKeyFault(text: string): string | undefined {
  if (text === '') return 'an empty text';
  if (text !== text.trim()) return 'text with a space or a line break at its start or end';
  if (!isBase64(text)) return 'text that is not base64; copy the whole key, with the = signs at its end';
  const bytes = Buffer.from(text, 'base64').length;
  return bytes < fewestBytes || bytes > mostBytes
    ? `a key of ${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`
    : undefined;
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}
