import { aliasesIn, ignoredSection } from '../iot-edge.ts';
import { isMapping } from '../found.ts';
import type { YamlDocument } from '../yaml.ts';

/** The version of the configuration that this program reads. */
export const currentVersion = 1;

/** How a file of one version becomes one of the next. */
export interface Migration {
  /** 0: a file that does not say its version. */
  readonly from: number;
  readonly changes: (document: YamlDocument) => readonly Change[];
}

/** One change of the text, so that comments and everything else stay as they are. Lines and columns count from 1. */
export type Change =
  | {
      readonly kind: 'rename';
      readonly line: number;
      readonly column: number;
      readonly key: string;
      readonly to: string;
    }
  /** Makes comments of the lines from `line` to before `until`. */
  | { readonly kind: 'comment-out'; readonly line: number; readonly until: number; readonly key: string };

export const migrations: readonly Migration[] = [{ from: 0, changes: ofIotEdge }];

/** Keys get the names that they have here, and sections that only IoT Edge uses become comments. */
function ofIotEdge({ content, positions }: YamlDocument): readonly Change[] {
  const { provisioning } = content;
  const renamed = Object.entries(aliasesIn(['provisioning'])).flatMap(([alias, key]): Change[] => {
    const isMeant = isMapping(provisioning) && alias in provisioning && !(key in provisioning);
    return isMeant
      ? [{ kind: 'rename', ...positions.ofKey(['provisioning', alias]), key: alias, to: key }]
      : [];
  });
  const lines = Object.keys(content).map((key) => positions.ofKey([key]).line);
  const unused = Object.keys(content).flatMap((key): Change[] => {
    const { line, column } = positions.ofKey([key]);
    const until = Math.min(...lines.filter((other) => other > line), Infinity);
    const isBlock = column === 1 && lines.filter((other) => other === line).length === 1;
    return ignoredSection(key) === undefined || !isBlock ? [] : [{ kind: 'comment-out', line, until, key }];
  });
  return [...renamed, ...unused];
}
