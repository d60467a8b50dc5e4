import * as v from 'valibot';
import { field, filledIn, present, section, text, wholeNumber } from './fields.ts';
import { forms } from './forms.ts';
import { parseAbsolutePath } from './file-uri.ts';
import { expected, type Parsed } from './found.ts';
import { fitting } from './misfit.ts';
import { page, type PageConfig } from './page-schema.ts';

/** Where and for whom the agent listens on its own machine. */
export const localApi: v.GenericSchema<LocalApiInput, LocalApiConfig> = v.pipe(
  section({
    path: v.optional(field(parseSocketPath, forms.absolutePath)),
    mode: filledIn(field(parseMode, forms.socketMode), ({ group }) =>
      group === undefined ? '0600' : '0660',
    ),
    group: v.optional(text('the name of a group of this machine', /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/)),
    tcp_port: v.optional(wholeNumber(1, 65_535)),
    page: v.optional(page),
  }),
  fitting(({ mode, group }) =>
    group !== undefined && isOwnersOnly(mode)
      ? [{ key: 'group', message: "has no access with mode '0600': write mode '0660', or no mode" }]
      : [],
  ),
  v.transform(({ path, mode, group, tcp_port, page: statusPage }) => ({
    mode: mode ?? (group === undefined ? ownersOnly : groupsToo),
    ...present({ path, group, tcpPort: tcp_port, page: statusPage }),
  })),
);

export interface LocalApiConfig {
  /** Of the Unix socket; absent: in the folder systemd made for it, else beside the state. */
  readonly path?: string;
  /** Of the Unix socket: 0o600 or 0o660. */
  readonly mode: number;
  /** The socket's group; absent: the agent's own. */
  readonly group?: string;
  /** On 127.0.0.1; absent: none. */
  readonly tcpPort?: number;
  /** Absent: there is none. */
  readonly page?: PageConfig;
}

interface LocalApiInput {
  path?: unknown;
  mode?: unknown;
  group?: unknown;
  tcp_port?: unknown;
  page?: unknown;
}

const ownersOnly = 0o600;
const groupsToo = 0o660;

/** unix(7): `sun_path` has 108 bytes, the last of them zero. */
const longestPathBytes = 107;

function parseSocketPath(input: unknown): Parsed<string> {
  const parsed = parseAbsolutePath(input);
  if ('problem' in parsed) return parsed;
  const bytes = Buffer.byteLength(parsed.value);
  if (parsed.value.endsWith('/'))
    return { problem: `${expected('the path of a socket', input)}, which names a directory` };
  if (bytes > longestPathBytes)
    return { problem: `expected a path of at most ${longestPathBytes} bytes for a socket, found ${bytes}` };
  return parsed;
}

/**
 * Without its quotes YAML reads 0660 as the number 660, and 0o660 as 432: both can only mean one thing here. Others
 * never have access: who may post speaks for the device, and a group is how that is given to some.
 */
function parseMode(input: unknown): Parsed<number> {
  const digits = typeof input === 'number' && input < 600 ? input.toString(8) : String(input);
  const isWritten = typeof input === 'string' || typeof input === 'number';
  if (isWritten && /^0?600$/.test(digits)) return { value: ownersOnly };
  if (isWritten && /^0?660$/.test(digits)) return { value: groupsToo };
  const hint = isWritten && /^0?\d{3}$/.test(digits) ? ': let others in by their group' : '';
  return { problem: expected("'0600' (the agent and root) or '0660' (its group too)", input) + hint };
}

function isOwnersOnly(mode: unknown): boolean {
  const parsed = mode === undefined ? undefined : parseMode(mode);
  return parsed !== undefined && 'value' in parsed && parsed.value === ownersOnly;
}
