/** What the input of type system can measure, named alike in config.yaml and the twin. */
export const systemFigures = [
  'cpu',
  'load',
  'memory',
  'disk',
  'temperature',
  'uptime',
  'network',
  'throttling',
  'disk_wear',
] as const;
