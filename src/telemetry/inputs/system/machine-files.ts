import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The kernel's own files below `root`. Not every machine has every one: what cannot be read is empty. */
export class MachineFiles {
  readonly root: string;

  /** @param root where `proc` and `sys` are, `/` but in tests */
  constructor(root: string) {
    this.root = root;
  }

  async text(path: string): Promise<string> {
    try {
      return await readFile(join(this.root, path), 'utf8');
    } catch {
      return '';
    }
  }

  /** What is in a directory. */
  async names(path: string): Promise<string[]> {
    try {
      return await readdir(join(this.root, path));
    } catch {
      return [];
    }
  }

  /** The decimal numbers in a file that stand between blanks. */
  async numbers(path: string): Promise<number[]> {
    return numbersIn(await this.text(path));
  }
}

export function numbersIn(text: string): number[] {
  return text
    .split(/\s+/)
    .filter((word) => /^-?\d+(\.\d+)?$/.test(word))
    .map(Number);
}

/** To a tenth. */
export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
