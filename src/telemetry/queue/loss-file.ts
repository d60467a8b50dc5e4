import { join } from 'node:path';
import { isJsonObject, parseJson } from '../../lib/json.ts';
import { lossesFrom } from './loss-tally.ts';
import type { QueueFiles } from './queue-files.ts';
import type { Loss } from './telemetry-queue.ts';

/** What is kept in `losses.json`. */
export interface SavedLosses {
  readonly losses: readonly Loss[];
  /** Paths of the segments whose loss is counted in it: the next start removes them, were it cut short just now. */
  readonly removing: readonly string[];
}

export async function loadLosses(files: QueueFiles, directory: string): Promise<SavedLosses> {
  const text = await files.readText(pathIn(directory));
  const saved = text === undefined ? undefined : parseJson(text);
  if (!isJsonObject(saved)) return { losses: [], removing: [] };
  const removing = Array.isArray(saved['removing']) ? saved['removing'] : [];
  return {
    losses: lossesFrom(saved['losses']),
    removing: removing.filter((path) => typeof path === 'string'),
  };
}

/** Resolves with the bytes written. */
export async function saveLosses(files: QueueFiles, directory: string, saved: SavedLosses): Promise<number> {
  const text = `${JSON.stringify(saved)}\n`;
  await files.replace(pathIn(directory), text);
  return text.length;
}

function pathIn(directory: string): string {
  return join(directory, 'losses.json');
}
