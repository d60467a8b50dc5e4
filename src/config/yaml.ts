import { constructFromEvents, EVENT_ID, parseEvents, YAMLException, type Event } from 'js-yaml';
import { isMapping, typeInWords } from './found.ts';
import { lineFinder, positionsOf, type Positions } from './positions.ts';
import { ConfigProblems, fileProblem } from './problems.ts';

export interface YamlDocument {
  readonly content: Record<string, unknown>;
  readonly positions: Positions;
}

/**
 * Reads the one mapping that `source` must be, by YAML 1.2's core schema.
 * Duplicate keys are left to the caller (`positions.duplicates`), so that they are reported with everything else.
 * Throws ConfigProblems. It has no cause: js-yaml's own messages quote the lines around an error, and so the keys.
 */
export function readYaml(source: string, file: string): YamlDocument {
  const events = attempt(source, file, () => parseEvents(source, {}));
  refuseNothing(events, source, file);
  refuseSecondDocument(events, source, file);
  const [content] = attempt(source, file, () => constructFromEvents(events, { source, json: true }));
  if (content === null) throw new ConfigProblems(file, [fileProblem(file, nothingInIt)]);
  const positions = positionsOf(source, events);
  if (isMapping(content)) return { content, positions };
  const message = `expected a mapping of sections such as "provisioning:", found ${typeInWords(content)}`;
  throw new ConfigProblems(file, [{ file, ...positions.of([]), path: '', message }]);
}

const nothingInIt = 'nothing is in it but blank lines or comments: start from config.example.yaml';

function attempt<T>(source: string, file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw syntaxProblem(error, source, file);
  }
}

function syntaxProblem(error: YAMLException, source: string, file: string): ConfigProblems {
  const offset = Math.min(error.mark?.position ?? 0, source.trimEnd().length);
  const message = `cannot be read as YAML: ${explain(error.reason, source, offset)}`;
  return new ConfigProblems(file, [{ file, ...lineFinder(source)(offset), path: '', message }]);
}

function refuseNothing(events: readonly Event[], source: string, file: string): void {
  if (events.length > 0) return;
  const message = source === '' ? 'the file is empty: start from config.example.yaml' : nothingInIt;
  throw new ConfigProblems(file, [fileProblem(file, message)]);
}

function refuseSecondDocument(events: readonly Event[], source: string, file: string): void {
  const second = events.findIndex((event, index) => index > 0 && event.type === EVENT_ID.DOCUMENT);
  if (second === -1) return;
  const message = 'a second document begins here, after "---" or "...": one file holds one configuration';
  const offset =
    events
      .slice(second)
      .map(startOf)
      .find((start) => start >= 0) ?? source.trimEnd().length;
  throw new ConfigProblems(file, [{ file, ...lineFinder(source)(offset), path: '', message }]);
}

/** Where an event stands, or -1 for those that stand nowhere. */
function startOf(event: Event): number {
  if (event.type === EVENT_ID.SCALAR) return event.valueStart;
  return event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE ? event.start : -1;
}

/** js-yaml's reasons in words for someone who does not know YAML. None repeats any of the file's text. */
const explanations: readonly (readonly [RegExp, string])[] = [
  [/tab characters/, 'a tab stands in the indentation: use spaces'],
  [
    /null byte/,
    'the file contains NUL bytes: it was damaged, perhaps by a power cut, or is not text; restore it',
  ],
  [/non-printable/, 'an invisible control character stands here: delete it'],
  [/deficient indentation/, 'the text goes on too far left: is a quote or a bracket left open above?'],
  [/end of the (stream|document) within a (single|double) quoted/, 'a quote is opened and never closed'],
  [/end of the stream within a flow/, 'a bracket [ or { is opened and never closed'],
  [/missed comma/, 'a comma is missing between the entries of [ ] or { }'],
  [/implicit key/, 'a line above this is not "key: value": is its colon missing, or the space after it?'],
  [/expected ':'/, 'a colon is missing after a key'],
  [/escape sequence|hexadecimal/, 'a backslash in double quotes begins an unknown escape: use single quotes'],
  [/node content/, 'a value is missing before this comma'],
  [/line break is expected/, 'text stands here where the line should end: put the whole value in quotes'],
  [/anchor/, 'a value begins with & and so names an anchor: put it in quotes'],
  [/alias/, 'a value begins with * and so refers to an anchor that is not defined: put it in quotes'],
  [/ tag|tag /, 'a value begins with ! and so names a YAML tag, which is not used here: put it in quotes'],
  [/complex keys/, 'a key must be plain text, not a list or a mapping'],
  [/maxDepth/, 'the nesting is more than 100 levels deep'],
  [/sequence entry/, 'the indentation of this list entry does not fit the entries above'],
  [
    /separator is expected|end of the stream or/,
    'what stands here does not belong to the mapping above: check its indentation',
  ],
];

function explain(reason: string, source: string, offset: number): string {
  if (reason === 'bad indentation of a mapping entry') return explainEntry(source, offset);
  const known = explanations.find(([form]) => form.test(reason));
  // Whatever follows a quote in a reason of js-yaml is text of the file.
  return known?.[1] ?? reason.replace(/["'<].*$/s, '').trim();
}

function explainEntry(source: string, offset: number): string {
  const character = source.charAt(offset);
  const before = /[^\r\n]*$/.exec(source.slice(0, offset))?.[0] ?? '';
  // The line is a plain "key:", and yet its colon came unexpected: it belongs to a value that began above.
  if (character === ':' && /^\s*[\w-]+$/.test(before)) {
    return 'this line was read as part of the value above it: check its indentation, and the space after the colon above';
  }
  if (character === ':') return 'a second colon stands in this value: put the value in quotes';
  if ('@`%&*!|>'.includes(character) && character !== '') {
    return `a value cannot begin with ${character}: put it in quotes`;
  }
  return 'the indentation of this line does not fit the lines above';
}
