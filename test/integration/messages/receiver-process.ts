import { pino } from 'pino';
import { messageDevice } from './message-device.ts';
import type { DeviceDescription } from './message-device.ts';

// Takes messages over from the hub, and handles none: meant to be killed.
const description = JSON.parse(process.argv[2] ?? '') as DeviceDescription;
const device = await messageDevice(description, pino({ base: null }));
await device.session(new AbortController().signal);
