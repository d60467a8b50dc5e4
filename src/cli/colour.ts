import process from 'node:process';

/** Puts a meaning on a piece of text for whoever looks at it; what is said must be clear without. */
export interface Painter {
  readonly ok: Paint;
  readonly warn: Paint;
  readonly error: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
}

export type Paint = (text: string) => string;

/** As much of a stream as decides about colours: `process.stdout`, `process.stderr`. */
export interface ColourTarget {
  readonly isTTY?: boolean | undefined;
}

/**
 * Colours on a terminal that can show them, and plain text everywhere else: a file, a pipe, TERM=dumb. NO_COLOR, when it
 * is not empty, means none anywhere (no-color.org).
 */
export function painter(
  target: ColourTarget,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Painter {
  return showsColours(target, environment) ? coloured : plain;
}

/** Also for lines whose colours are somebody else's work, such as the log's. */
export function showsColours(
  { isTTY = false }: ColourTarget,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return isTTY && environment['TERM'] !== 'dumb' && (environment['NO_COLOR'] ?? '') === '';
}

/** ECMA-48, 8.3.117: what begins it and what ends just that. */
function sgr(begin: number, end: number): Paint {
  return (text) => (text === '' ? '' : `\u001b[${begin}m${text}\u001b[${end}m`);
}

const unchanged: Paint = (text) => text;

const plain: Painter = { ok: unchanged, warn: unchanged, error: unchanged, dim: unchanged, bold: unchanged };

const coloured: Painter = {
  ok: sgr(32, 39),
  warn: sgr(33, 39),
  error: sgr(31, 39),
  dim: sgr(2, 22),
  bold: sgr(1, 22),
};
