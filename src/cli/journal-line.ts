import { isJsonObject, parseJson } from '../lib/json.ts';

/**
 * An entry of the journal as a line of the agent's log: its message, if it is one; otherwise, such as what systemd says of
 * the service, made into one.
 */
export function journalLine(entry: string): string {
  const fields = parseJson(entry);
  if (!isJsonObject(fields)) return entry;
  const message = textOf(fields['MESSAGE']);
  if (isJsonObject(parseJson(message))) return message;
  const atMs = Number(fields['__REALTIME_TIMESTAMP']) / 1000;
  const time = Number.isFinite(atMs) ? new Date(atMs).toISOString() : undefined;
  return JSON.stringify({ level: levelOf(Number(fields['PRIORITY'])), time, area: 'systemd', msg: message });
}

/** systemd.journal-fields(7): what is not text comes as a list of bytes. */
function textOf(message: unknown): string {
  if (Array.isArray(message)) return Buffer.from(message.map(Number)).toString('utf8');
  return typeof message === 'string' ? message : '';
}

/** syslog(3)'s priorities in pino's numbers. */
function levelOf(priority: number): number {
  if (priority <= 3) return 50;
  if (priority === 4) return 40;
  return priority === 7 ? 20 : 30;
}
