import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced block of a page. */
export interface Block {
  /** Such as `yaml`. */
  readonly type: string;
  readonly text: string;
}

/** A page of `docs/`. */
export class Document {
  readonly name: string;
  readonly text: string;
  readonly blocks: readonly Block[];

  constructor(name: string) {
    this.name = name;
    this.text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', name), 'utf8');
    this.blocks = [...this.text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, type = '', text = '']) => ({
      type,
      text,
    }));
  }

  /** What stands under a heading, up to the next of the same level. */
  section(heading: string): string {
    const [, text] = this.text.split(`\n## ${heading}\n`);
    if (text === undefined) throw new Error(`${this.name} has no section ${heading}`);
    return text.split('\n## ')[0] ?? '';
  }
}

/** What a command prints, where BYTES and NUMBER in the page stand for numbers, and TIME for a time. */
export function formOf(answer: string): RegExp {
  const literal = answer.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const form = literal
    .replaceAll(/\b(?:BYTES|NUMBER)\b/g, String.raw`\d+`)
    .replaceAll(/\bTIME\b/g, String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`);
  return new RegExp(`^${form}$`);
}

/** The rows of the tables in a text, without their heads: each cell as it is written. */
export function rowsOf(text: string): string[][] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const isHead = /^\|[ -|]*--/.test(lines[index + 1] ?? '') || /^\|[\s|:-]*$/.test(line);
    if (!line.startsWith('|') || isHead) return [];
    return [
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ];
  });
}
