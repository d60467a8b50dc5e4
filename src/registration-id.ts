/** protocol.md 2.1 */
export const longestRegistrationId = 128;

/** By the service's own rule (protocol.md 2.1). */
export function isRegistrationId(text: string): boolean {
  return /^[A-Za-z0-9._:-]{0,127}[A-Za-z0-9-]$/.test(text);
}
