import type { Log, LogLine } from '../../src/lib/log.ts';

export interface Line {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** Keeps what is logged, for a test to look at. */
export class RecordingLog implements Log {
  readonly lines: Line[];
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
  readonly #fields: Record<string, unknown>;

  constructor(lines: Line[] = [], fields: Record<string, unknown> = {}) {
    this.lines = lines;
    this.#fields = fields;
    this.debug = this.#line('debug');
    this.info = this.#line('info');
    this.warn = this.#line('warn');
    this.error = this.#line('error');
  }

  child(fields: Record<string, unknown>): Log {
    return new RecordingLog(this.lines, { ...this.#fields, ...fields });
  }

  /** The states announced so far, in their order. */
  get states(): unknown[] {
    return this.lines.flatMap(({ fields }) => ('state' in fields ? [fields['state']] : []));
  }

  messages(level: Line['level']): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message);
  }

  #line(level: Line['level']): LogLine {
    return (fieldsOrMessage: object | string, message?: string): void => {
      const fields = typeof fieldsOrMessage === 'string' ? {} : fieldsOrMessage;
      const text = typeof fieldsOrMessage === 'string' ? fieldsOrMessage : (message ?? '');
      this.lines.push({ level, fields: { ...this.#fields, ...fields }, message: text });
    };
  }
}
