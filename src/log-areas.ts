/** How grave a line of the log is, from all there is to say to what is wrong. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof logLevels)[number];

/** The parts of the program whose lines can be let through or held back by themselves. */
export const logAreas = [
  'connection',
  'provisioning',
  'credentials',
  'clock',
  'telemetry',
  'twin',
  'methods',
  'messages',
  'uploads',
  'commands',
  'local_api',
] as const;

export type LogArea = (typeof logAreas)[number];
