import type { MethodResponse } from './method.ts';

/**
 * The one form in which a call is answered with something else than it asked for: a code for programs, a sentence for
 * people, and what else there is to say.
 */
export function refusal(status: number, code: string, error: string, details: object = {}): MethodResponse {
  return { status, payload: { code, error, ...details } };
}
