import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { ConfigError } from '../../lib/errors.ts';

const finding = v.object({
  id: v.string(),
  title: v.string(),
  outcome: v.picklist(['held', 'broken', 'not-judged']),
  value: v.number(),
  limit: v.number(),
  unit: v.string(),
  detail: v.string(),
});

const result = v.object({
  ok: v.boolean(),
  run: v.object({
    scenario: v.string(),
    seed: v.number(),
    agents: v.number(),
    host: v.string(),
    target: v.string(),
    startedAt: v.string(),
    durationMs: v.number(),
    version: v.string(),
    nodeVersion: v.string(),
    machine: v.string(),
  }),
  invariants: v.array(finding),
  /** Results of older versions have none. */
  figures: v.optional(v.record(v.string(), v.unknown()), {}),
});

/** What is to be known of a run that is over: its `result.json`, as any version may have written it. */
export type RunResult = v.InferOutput<typeof result>;

/** @param path of a run directory or of a result.json. Throws a ConfigError for anything else. */
export async function readRun(path: string): Promise<RunResult> {
  try {
    const file = (await stat(path)).isDirectory() ? join(path, 'result.json') : path;
    return v.parse(result, JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw new ConfigError(`cannot compare ${path}: it must be a run directory or its result.json`, { cause });
  }
}
