import { fileURLToPath, pathToFileURL } from 'node:url';
import { expected, found, type Parsed } from './found.ts';

/** Reads `file:///absolute/path`, as IoT Edge writes the paths of certificates and keys; gives the path. */
export function parseFileUri(input: unknown): Parsed<string> {
  const what = 'a file URI such as file:///etc/dps-agent/device.pem';
  if (typeof input !== 'string') return { problem: expected(what, input) };
  if (input.startsWith('/'))
    return { problem: `${expected(what, input)}: write ${pathToFileURL(input).href}` };
  if (/^file:\/{0,2}[^/]/.test(input)) {
    return { problem: `${expected(what, input)}: a file URI has three slashes and an absolute path` };
  }
  if (!input.startsWith('file:///')) return { problem: expected(what, input) };
  if (/[?#]/.test(input)) return { problem: `${expected(what, input)}: write ? as %3F and # as %23` };
  return absolutePath(input, what);
}

/** Reads an absolute path that is not a URI. */
export function parseAbsolutePath(input: unknown): Parsed<string> {
  const what = 'an absolute path such as /var/lib/dps-agent';
  if (typeof input !== 'string') return { problem: expected(what, input) };
  if (input.startsWith('file://'))
    return { problem: `${expected(what, input)}: write the path alone, without file://` };
  if (!input.startsWith('/') || input.includes('\0')) return { problem: expected(what, input) };
  return { value: input };
}

function absolutePath(uri: string, what: string): Parsed<string> {
  const path = decoded(uri);
  if (path === undefined || path.includes('\0')) {
    return { problem: `cannot read ${found(uri)} as a file URI: write % as %25 and leave / as it is` };
  }
  if (path.endsWith('/')) return { problem: `${expected(what, uri)}, which names a directory` };
  return { value: path };
}

function decoded(uri: string): string | undefined {
  try {
    return fileURLToPath(uri);
  } catch {
    // The only reasons are a malformed % sequence and an encoded slash; the caller names both.
    return undefined;
  }
}
