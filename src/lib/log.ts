/** One structured log line: fields first, then the sentence. The shape is pino's, so a pino logger is one. */
export interface LogLine {
  (fields: object, message: string): void;
  (message: string): void;
}

export interface Log {
  debug: LogLine;
  info: LogLine;
  warn: LogLine;
  error: LogLine;
  /** A logger that adds these fields to every line. */
  child(fields: Record<string, unknown>): Log;
}
