import * as v from 'valibot';
import { byType, pathTo } from '../fields.ts';
import { expected, found, isMapping } from '../found.ts';
import { execInput, type ExecInputConfig } from './exec-input.ts';
import { fileInput, type FileInputConfig } from './file-input.ts';
import { httpInput, type HttpInputConfig } from './http-input.ts';
import { mqttInput, type MqttInputConfig } from './mqtt-input.ts';
import { socketInput, type SocketInputConfig } from './socket-input.ts';
import { systemInput, type SystemInputConfig } from './system-input.ts';

export type InputConfig =
  | SystemInputConfig
  | FileInputConfig
  | ExecInputConfig
  | SocketInputConfig
  | MqttInputConfig
  | HttpInputConfig;

const input = byType<InputConfig>({
  system: systemInput,
  file: fileInput,
  exec: execInput,
  socket: socketInput,
  mqtt: mqttInput,
  http: httpInput,
});

export const inputs = v.pipe(
  v.array(input, (issue) => expected('a list of inputs', issue.input)),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!Array.isArray(dataset.value)) return;
    for (const [index, name, first] of repeatedNames(dataset.value)) {
      addIssue({
        message: `${found(name)} is already the name of telemetry.inputs[${first}]: give each input its own`,
        path: pathTo(index, 'name'),
      });
    }
  }),
);

/** Index, name and the index of the first of the same name, for every input whose name an earlier one has. */
function repeatedNames(list: readonly unknown[]): [number, string, number][] {
  const names = list.map((item) =>
    isMapping(item) && typeof item['name'] === 'string' ? item['name'] : undefined,
  );
  return names.flatMap((name, index): [number, string, number][] => {
    const first = names.indexOf(name);
    return name === undefined || first === index ? [] : [[index, name, first]];
  });
}
