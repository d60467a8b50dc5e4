import type { HttpsAnswer } from './https-line.ts';

/** What a server answered, short, with nothing in it that could forge a line of a log. */
export function answerInWords(status: number, said: string): string {
  const text = said.replace(/[^\x20-\x7e]+/g, ' ').trim();
  const cut = text.length > 160 ? `${text.slice(0, 160)}…` : text;
  return `it answered ${status}${cut === '' ? '' : `: ${cut}`}`;
}

/** The server's wish, if it is given in seconds; with nothing to say it is left out. */
export function retryAfterMsOf({ headers }: HttpsAnswer): { retryAfterMs?: number } {
  const text = headers['retry-after'] ?? '';
  return /^\d{1,6}$/.test(text) ? { retryAfterMs: Number(text) * 1000 } : {};
}
