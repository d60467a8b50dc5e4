import { createReadStream } from 'node:fs';
import process from 'node:process';
import { writeFileAtomically } from '../lib/atomic-file.ts';
import { CsvReader } from './csv.ts';
import type { CsvRecord } from './csv.ts';
import { KeyExport, keyLine } from './device-keys.ts';
import type { Output } from './output-option.ts';
import { print, printError } from './print.ts';
import { readKeyArgument } from './secret-argument.ts';
import { CommandError, exitCodes } from './usage.ts';

export interface FileRequest {
  /** References, as `readKeyArgument` takes them. */
  readonly groupKey: string;
  readonly secondaryGroupKey: string | undefined;
  /** Paths; `-` is standard input. */
  readonly csv: string;
  readonly out: string | undefined;
  readonly output: Output;
}

/** Lines are written in pieces of about so many characters. */
const pieceLength = 32_768;

/** Prints a line for each ID; those that are none are named on standard error, and make the status 1. */
export async function deriveForIds(
  reference: string,
  ids: readonly string[],
  output: Output,
): Promise<number> {
  const groupKey = await readKeyArgument('--group-key', reference);
  let isComplete = true;
  for (const id of ids) {
    const result = keyLine(id, groupKey, output);
    if ('line' in result) await print(result.line);
    else {
      isComplete = false;
      await printError(`dps-agent: cannot derive a key for ${JSON.stringify(id)}: ${result.problem}\n`);
    }
  }
  return isComplete ? exitCodes.success : exitCodes.failure;
}

/** The same for a file of devices, in a stream: however long the file is, only a piece of it is in memory. */
export async function deriveForFile(request: FileRequest): Promise<number> {
  const primary = await readKeyArgument('--group-key', request.groupKey);
  const secondary =
    request.secondaryGroupKey === undefined
      ? undefined
      : await readKeyArgument('--secondary-group-key', request.secondaryGroupKey);
  const tally = { written: 0, refused: 0 };
  const name = request.csv === '-' ? 'standard input' : request.csv;
  const lines = exportLines(
    readRecords(request.csv, name),
    new KeyExport({ primary, secondary }, request.output),
    name,
    tally,
  );
  await writePieces(pieces(lines), request.out);
  const refused = tally.refused === 0 ? '' : `; ${tally.refused} could not be used and are named above`;
  await printError(`dps-agent: ${tally.written} devices${refused}\n`);
  return tally.refused === 0 ? exitCodes.success : exitCodes.failure;
}

async function* readRecords(path: string, name: string): AsyncGenerator<CsvRecord> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const reader = new CsvReader();
  try {
    const input: AsyncIterable<Buffer> = path === '-' ? process.stdin : createReadStream(path);
    for await (const bytes of input) yield* reader.push(decoder.decode(bytes, { stream: true }));
    yield* reader.push(decoder.decode());
  } catch (cause) {
    throw new CommandError(`cannot read ${name}${explain(cause)}`, { cause });
  }
  yield* reader.end();
}

function explain(error: unknown): string {
  return error instanceof TypeError ? ': it is not UTF-8; save it so' : '';
}

async function* exportLines(
  records: AsyncIterable<CsvRecord>,
  table: KeyExport,
  name: string,
  tally: { written: number; refused: number },
): AsyncGenerator<string> {
  for await (const record of records) {
    const isHeader = !table.hasHeader;
    const result = table.add(record);
    if ('line' in result) {
      tally.written += isHeader ? 0 : 1;
      yield result.line;
    } else {
      tally.refused += 1;
      await printError(`${name}:${record.line}: ${result.problem}\n`);
    }
  }
  if (!table.hasHeader) throw new CommandError(`cannot find a header in ${name}: there is nothing in it`);
}

async function* pieces(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let piece = '';
  for await (const line of lines) {
    piece += line;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

async function writePieces(output: AsyncIterable<string>, path: string | undefined): Promise<void> {
  if (path === undefined) {
    for await (const piece of output) if (!(await print(piece))) return;
    return;
  }
  try {
    await writeFileAtomically(path, output, 0o600);
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(`cannot write to ${path}`, { cause });
  }
}
