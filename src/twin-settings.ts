import { formatDuration } from './config/duration.ts';
import { parseEndpoint } from './config/endpoint.ts';
import { parseProxy } from './config/proxy.ts';
import { closest } from './config/suggest.ts';
import { settingsTable } from './twin/settings/table.ts';

/** Everything that may be steered from the twin, read as config.yaml reads it. */
export const twinSettings = settingsTable({
  closest,
  formatDuration,
  proxy: parseProxy,
  endpoint: parseEndpoint,
});
