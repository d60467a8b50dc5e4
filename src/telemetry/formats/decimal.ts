/** The number that a text is in full, or `undefined`: decimal, with sign, fraction and exponent, and never infinite. */
export function decimalOf(text: string): number | undefined {
  if (!/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}
