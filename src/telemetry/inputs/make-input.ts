import type { InputConfig } from '../../config/inputs/inputs.ts';
import { createExecInput } from './exec/exec-input.ts';
import type { ProgramHost } from '../../lib/program-host.ts';
import { FileInput } from './file-input.ts';
import { HttpInput } from './http-input.ts';
import type { HttpInputSurroundings } from './http-input.ts';
import type { Input } from './input.ts';
import { MqttInput } from './mqtt-input.ts';
import { SystemInput } from './system-input.ts';

/** What inputs need of the machine and of the process. */
export type InputHost = ProgramHost & HttpInputSurroundings;

/** The input that the configuration describes; `undefined` for a socket, which is fed by the local API. */
export function makeInput(config: InputConfig, host: InputHost): Input | undefined {
  switch (config.type) {
    case 'system':
      return new SystemInput(config, host.root);
    case 'file':
      return new FileInput(config);
    case 'http':
      return new HttpInput(config, host);
    case 'mqtt':
      return new MqttInput(config, host);
    case 'exec':
      return createExecInput(config, host);
    case 'socket':
      return undefined;
  }
}
