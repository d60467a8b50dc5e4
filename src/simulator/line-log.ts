import type { Log, LogLine } from '../lib/log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A log of plain lines: the sentence first, then its fields. Lines below `level` are not written. */
export function lineLog(write: (line: string) => void, level: LogLevel, base: object = {}): Log {
  const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
  const line = (at: LogLevel): LogLine => {
    if (levels.indexOf(at) < levels.indexOf(level)) return () => undefined;
    return (fields: object | string, message?: string) => {
      const own = typeof fields === 'string' ? {} : fields;
      const text = typeof fields === 'string' ? fields : (message ?? '');
      const mark = at === 'warn' || at === 'error' ? `${at}: ` : '';
      write(`${mark}${text}${describe({ ...base, ...own })}\n`);
    };
  };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => lineLog(write, level, { ...base, ...fields }),
  };
}

function describe(fields: object): string {
  const parts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}
