/**
 * The number to 15 significant digits, which is what a double holds for sure: 0.1 × 3 gives 0.3 and not
 * 0.30000000000000004, which would cost bytes and say nothing.
 */
export function withoutNoise(value: number): number {
  return Number.isSafeInteger(value) ? value : Number(value.toPrecision(15));
}
