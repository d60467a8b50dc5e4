import { shellWord } from '../lib/shell-word.ts';
import type { Simulator } from './simulator.ts';

/** Where everything is, for a program that started the simulator: one line of JSON. */
export function jsonBanner(simulator: Simulator): string {
  const { scopeId, dps, hubs, controlUrl: control, caFile } = simulator;
  return `${JSON.stringify({ scopeId, dps, hubs, control, caFile })}\n`;
}

/** The same for a person, with something to type next. */
export function textBanner(simulator: Simulator): string {
  const { scopeId, dps, hubs, controlUrl, caFile } = simulator;
  const here = `--scope-id ${scopeId} --endpoint ${dps.host}:${dps.port} --ca-file ${shellWord(caFile)}`;
  const body = '{"attestation":{"type":"symmetricKey"}}';
  return `DPS       ${dps.host}:${dps.port}   ID scope ${scopeId}
hubs      ${hubs.map(({ name }) => name).join('   ')}
CA file   ${caFile}
control   ${controlUrl}

Enroll a device; the answer has its keys:
  curl -X PUT ${controlUrl}/enrollments/gateway-1 -d '${body}'
Set an agent up for it, and try; it asks for one of these keys:
  dps-agent init --config gateway-1/config.yaml --registration-id gateway-1 ${here} --try
See what it sends:
  curl -N -H 'Accept: text/event-stream' ${controlUrl}/simulator/messages

Ctrl-C stops; everything but the messages is kept for the next start.
`;
}
