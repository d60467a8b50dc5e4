// A bare loop on the stock SDK: as many sends in flight as the agent's window has, the next with each acknowledgement.
import common from 'azure-iot-common';
import { Client } from 'azure-iot-device';
import { Mqtt } from 'azure-iot-device-mqtt';
import { answer } from './child.ts';
import { binary, reading } from './payload.ts';
import type { SendOrder, StockAddress } from './stock.ts';

const differentBodies = 64;
let client: Client | undefined;

answer({
  connect: async ({ connectionString, caPem }: StockAddress): Promise<void> => {
    client = Client.fromConnectionString(connectionString, Mqtt);
    client.on('error', () => undefined);
    await client.setOptions({ ca: caPem });
    await client.open();
  },
  send: (order: SendOrder) => send(order),
});

function send({ payload, seconds, window }: SendOrder): Promise<number> {
  const bodies = Array.from({ length: differentBodies }, (_, n) =>
    payload === 'reading' ? reading(n) : binary(n),
  );
  const endMs = performance.now() + seconds * 1000;
  let [sent, acknowledged] = [0, 0];
  return new Promise((resolve, reject) => {
    const next = (): void => {
      const message = new common.Message(bodies[sent % differentBodies] ?? '');
      if (payload === 'reading') {
        message.contentType = 'application/json';
        message.contentEncoding = 'utf-8';
      }
      sent += 1;
      client?.sendEvent(message, (error) => {
        if (error) {
          reject(error);
          return;
        }
        acknowledged += 1;
        if (performance.now() < endMs) next();
        else if (acknowledged === sent) resolve(acknowledged);
      });
    };
    for (let inFlight = 0; inFlight < window; inFlight += 1) next();
  });
}
