import { failures } from '../cloud-error.ts';
import { isJsonObject, parseJson } from '../lib/json.ts';
import type { JsonObject } from '../lib/json.ts';
import { logLevels } from '../log-areas.ts';
import { badEnds } from '../run-end.ts';
import { workFailures } from '../work-error.ts';
import type { Paint, Painter } from './colour.ts';

const areaWidth = 12;

/** One line of the log for people: time, level, area and sentence, and what to do where that is known and not said. */
export function logLineText(text: string, paint: Painter): string {
  const line = parseJson(text);
  if (!isJsonObject(line)) return `${harmless(text)}\n`;
  const time = String(line['time']).replace('T', ' ');
  const level = levelOf(line);
  const area = textOf(line['area']).padEnd(areaWidth);
  const sentence = textOf(line['msg'] ?? line['message']);
  const code = typeof line['code'] === 'string' ? line['code'] : undefined;
  const mark = code === undefined || sentence.includes(code) ? '' : ` [${code}]`;
  const known: Readonly<Record<string, { readonly remedy: string }>> = {
    ...failures,
    ...workFailures,
    ...badEnds,
  };
  const remedy = code === undefined ? undefined : known[code]?.remedy;
  const todo =
    remedy === undefined || sentence.includes(remedy) ? '' : `${' '.repeat(areaWidth)}to do: ${remedy}\n`;
  const word = paintOf(level, paint)(level.toUpperCase().padEnd(5));
  return `${paint.dim(time)} ${word} ${paint.dim(area)} ${harmless(sentence)}${mark}\n${todo}`;
}

/** pino's numbers: 20 for debug, and ten more for each step. */
function levelOf({ level }: JsonObject): string {
  return logLevels[Math.round(Number(level) / 10) - 2] ?? textOf(level);
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function paintOf(level: string, paint: Painter): Paint {
  if (level === 'error') return paint.error;
  return level === 'warn' ? paint.warn : (same) => same;
}

/** What was logged may come from afar, and must not steer a terminal. */
function harmless(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (control) => JSON.stringify(control).slice(1, -1));
}
