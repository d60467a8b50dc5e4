import * as v from 'valibot';
import { saysNothing } from '../../config/layers/file-layer.ts';
import type { KeyPath } from '../../config/positions.ts';
import { ConfigProblems, fileProblem, formatPath, issuePath } from '../../config/problems.ts';
import type { ConfigProblem } from '../../config/problems.ts';
import { checkSpelling, keysOf } from '../../config/spelling.ts';
import type { KeyNote } from '../../config/spelling.ts';
import { closest } from '../../config/suggest.ts';
import { readYaml } from '../../config/yaml.ts';
import { agentConfigProblems } from './agent-config.ts';
import type { KnownKind } from './fault-schema.ts';
import { scenarioSchema } from './scenario-schema.ts';
import type { Scenario } from './scenario.ts';

/** Reads the text of a scenario; `file` is its name in messages. Throws ConfigProblems with everything wrong. */
export function parseScenario(text: string, file: string, kinds: readonly KnownKind[]): Scenario {
  if (saysNothing(text)) throw new ConfigProblems(file, [fileProblem(file, 'nothing is in it')]);
  const schema = scenarioSchema(kinds);
  const { content, positions } = readYaml(text.replace(/^\uFEFF/, ''), file);
  const at = (path: KeyPath, message: string, position = positions.of(path)): ConfigProblem => ({
    file,
    ...position,
    path: formatPath(path),
    message,
  });
  const spelling = checkSpelling(schema, content);
  const keys = Object.keys(keysOf(schema) ?? {});
  const misspelt = [...spelling.unknown, ...spelling.ignored.map(({ path }) => notIgnored(path, keys))];
  const result = v.safeParse(schema, spelling.document);
  const problems = [
    ...positions.duplicates.map(({ path, at: position, first }) =>
      at(path, `duplicate key: it is already on line ${first.line}`, position),
    ),
    ...misspelt.map(({ path, message }) => at(path, message, positions.ofKey(path))),
    ...(result.issues ?? []).flatMap((issue) => {
      const path = issuePath(issue);
      return spelling.isMisspelt(path) ? [] : [at(spelling.original(path), issue.message)];
    }),
    ...agentConfigProblems(content['config']).map(({ path, message, isKey }) => {
      const inFile = ['config', ...path];
      return at(inFile, message, isKey ? positions.ofKey(inFile) : positions.of(inFile));
    }),
  ];
  if (problems.length > 0 || !result.success) throw new ConfigProblems(file, problems);
  return result.output;
}

/** A section that a file of IoT Edge's may have is not one that a scenario may. */
function notIgnored(path: KeyPath, keys: readonly string[]): KeyNote {
  const meant = closest(String(path.at(-1)), keys);
  return { path, message: meant === undefined ? 'unknown key' : `unknown key; did you mean "${meant}"?` };
}
