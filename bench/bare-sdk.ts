// What a developer writes who follows the SDK's samples: registers with a key, connects, sends, and again every minute;
// with a connection string it need not register.
// Run as plain JavaScript with the packages as installed; everything it needs is in its environment.
import { Client, Message } from 'azure-iot-device';
import { Mqtt } from 'azure-iot-device-mqtt';
import { ProvisioningDeviceClient } from 'azure-iot-provisioning-device';
import { Mqtt as ProvisioningMqtt } from 'azure-iot-provisioning-device-mqtt';
import { SymmetricKeySecurityClient } from 'azure-iot-security-symmetric-key';
import { reading } from './payload.ts';

const {
  CONNECTION_STRING,
  DPS_HOST = '',
  ID_SCOPE = '',
  REGISTRATION_ID = '',
  SYMMETRIC_KEY = '',
} = process.env;

void start();

async function start(): Promise<void> {
  const client = Client.fromConnectionString(CONNECTION_STRING ?? (await register()), Mqtt);
  await client.open();
  let sent = 0;
  const send = async (): Promise<void> => {
    await client.sendEvent(new Message(reading(sent++)));
  };
  await send();
  setInterval(() => void send(), 60_000);
}

async function register(): Promise<string> {
  const security = new SymmetricKeySecurityClient(REGISTRATION_ID, SYMMETRIC_KEY);
  const provisioning = ProvisioningDeviceClient.create(DPS_HOST, ID_SCOPE, new ProvisioningMqtt(), security);
  const registered = await provisioning.register();
  if (registered === undefined) throw new Error('cannot register: there was no answer');
  const { assignedHub, deviceId } = registered;
  return `HostName=${assignedHub};DeviceId=${deviceId};SharedAccessKey=${SYMMETRIC_KEY}`;
}
