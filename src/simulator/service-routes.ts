import * as v from 'valibot';
import { isJsonObject } from './json.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { Call, Reply, Route } from './control-call.ts';
import { checkEtag } from './device-store.ts';
import type { StoredDevice } from './device-store.ts';
import type { EnrollmentGroupInput, EnrollmentInput } from './enrollment.ts';
import type { Hub } from './hub.ts';
import { parseInput } from './input.ts';
import { omit } from './omit.ts';
import { registrationState } from './registration.ts';
import type { Registration } from './registration.ts';
import { ServiceError } from './service-error.ts';
import { serviceView, twinEtag } from './twin.ts';
import type { TwinPatch } from './twin.ts';

/** The services' own paths and bodies (protocol.md 8). */
export const serviceRoutes: readonly Route[] = [
  { method: 'GET', path: '/devices', handle: listDevices },
  { method: 'GET', path: '/devices/:id', handle: (call) => reply(describe(call, hubOf(call))) },
  { method: 'PUT', path: '/devices/:id', handle: putDevice },
  { method: 'DELETE', path: '/devices/:id', handle: deleteDevice },
  { method: 'POST', path: '/devices/:id/messages/deviceBound', handle: sendMessage },
  { method: 'DELETE', path: '/devices/:id/commands', handle: purge },
  { method: 'GET', path: '/twins/:id', handle: (call) => reply(twinView(hubOf(call), idOf(call))) },
  { method: 'PATCH', path: '/twins/:id', handle: (call) => changeTwin(call, 'patchTwin') },
  { method: 'PUT', path: '/twins/:id', handle: (call) => changeTwin(call, 'replaceTwin') },
  { method: 'POST', path: '/twins/:id/methods', handle: invokeMethod },

  { method: 'GET', path: '/enrollments', handle: ({ registry }) => reply(registry.enrollments.list()) },
  {
    method: 'GET',
    path: '/enrollments/:id',
    handle: (call) => reply(call.registry.enrollments.get(idOf(call))),
  },
  { method: 'PUT', path: '/enrollments/:id', handle: putEnrollment },
  { method: 'DELETE', path: '/enrollments/:id', handle: (call) => remove(call, call.registry.enrollments) },
  {
    method: 'GET',
    path: '/enrollmentGroups',
    handle: ({ registry }) => reply(registry.enrollmentGroups.list()),
  },
  {
    method: 'GET',
    path: '/enrollmentGroups/:id',
    handle: (call) => reply(call.registry.enrollmentGroups.get(idOf(call))),
  },
  { method: 'PUT', path: '/enrollmentGroups/:id', handle: putEnrollmentGroup },
  {
    method: 'DELETE',
    path: '/enrollmentGroups/:id',
    handle: (call) => remove(call, call.registry.enrollmentGroups),
  },
  {
    method: 'POST',
    path: '/enrollments/:id/attestationmechanism',
    handle: (call) => reply(call.registry.enrollments.get(idOf(call)).attestation),
  },
  {
    method: 'POST',
    path: '/enrollmentGroups/:id/attestationmechanism',
    handle: (call) => reply(call.registry.enrollmentGroups.get(idOf(call)).attestation),
  },
  {
    method: 'GET',
    path: '/registrations',
    handle: ({ registry }) => reply(registry.registrations.list().map(describeRegistration)),
  },
  {
    method: 'GET',
    path: '/registrations/:id',
    handle: (call) => reply(describeRegistration(call.registry.registrations.get(idOf(call)))),
  },
  {
    method: 'DELETE',
    path: '/registrations/:id',
    handle: (call) => remove(call, call.registry.registrations),
  },
];

function reply(body: unknown, status = 200): Reply {
  return { status, body };
}

const noContent: Reply = { status: 204 };

function idOf({ params }: Call): string {
  return params[0] ?? '';
}

function hubName({ query }: Call): string | undefined {
  return query.get('hub') ?? undefined;
}

function hubOf(call: Call): Hub {
  return call.registry.hubOf(idOf(call), hubName(call));
}

function objectBody({ body }: Call): JsonObject {
  if (isJsonObject(body)) return body;
  throw new ServiceError('ArgumentInvalid', 'cannot use this body: it must be a JSON object');
}

function describe(call: Call, hub: Hub): JsonObject {
  return hub.describe(hub.store.get(idOf(call)));
}

function listDevices(call: Call): Reply {
  const name = hubName(call);
  const hubs = name === undefined ? call.registry.hubs : [call.registry.hub(name)];
  return reply(hubs.flatMap((hub) => hub.store.list().map((device) => hub.describe(device))));
}

/** Without If-Match a device that exists is a conflict, as at the service; the create call sends none. */
function putDevice(call: Call): Reply {
  const { registry, ifMatch } = call;
  const id = idOf(call);
  const existing = registry.hubs.find(
    ({ name, store }) => [undefined, name].includes(hubName(call)) && store.find(id) !== undefined,
  );
  if (existing !== undefined) {
    if (ifMatch === undefined) {
      throw new ServiceError(
        'DeviceAlreadyExists',
        `cannot create ${id}: ${existing.name} has it; send If-Match: * to update`,
      );
    }
    checkEtag(ifMatch, existing.store.get(id).identity.etag);
  }
  const device: StoredDevice = registry.putDevice(id, objectBody(call), hubName(call));
  return reply(registry.hubOf(id, hubName(call)).describe(device));
}

function deleteDevice(call: Call): Reply {
  const { store } = hubOf(call);
  checkEtag(call.ifMatch, store.get(idOf(call)).identity.etag);
  store.delete(idOf(call));
  return noContent;
}

function twinView(hub: Hub, deviceId: string): JsonObject {
  const device = hub.store.get(deviceId);
  const { twin, modelId } = device;
  const { capabilities, ...identity } = omit(hub.describe(device), 'authentication', 'generationId');
  return {
    ...identity,
    ...(modelId === undefined ? {} : { modelId }),
    authenticationType: device.identity.authentication.type,
    capabilities: capabilities ?? {},
    etag: twinEtag(twin),
    version: twin.version,
    ...serviceView(twin),
  };
}

function changeTwin(call: Call, change: 'patchTwin' | 'replaceTwin'): Reply {
  const hub = hubOf(call);
  const { tags, properties } = objectBody(call);
  const patch = { tags, properties } as TwinPatch;
  checkShape(tags, properties);
  hub.store[change](idOf(call), patch, call.ifMatch);
  return reply(twinView(hub, idOf(call)));
}

function checkShape(tags: JsonValue | undefined, properties: JsonValue | undefined): void {
  const desired = isJsonObject(properties) ? properties['desired'] : undefined;
  const ok = (value: JsonValue | undefined): boolean =>
    value === undefined || value === null || isJsonObject(value);
  if (ok(tags) && ok(desired) && (properties === undefined || isJsonObject(properties))) return;
  throw new ServiceError(
    'ArgumentInvalid',
    'cannot use this body: tags and properties.desired must be objects',
  );
}

const seconds = (maximum: number): v.GenericSchema<number | undefined> =>
  v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(maximum)));

const methodSchema = v.object({
  methodName: v.pipe(v.string(), v.nonEmpty(), v.maxLength(100)),
  responseTimeoutInSeconds: seconds(300),
  connectTimeoutInSeconds: seconds(300),
  payload: v.optional(v.custom<JsonValue>(() => true)),
});

async function invokeMethod(call: Call): Promise<Reply> {
  const request = parseInput(methodSchema, objectBody(call), 'the method call');
  return reply(await hubOf(call).invoke(idOf(call), request, call.signal));
}

const messageSchema = v.strictObject({
  body: v.optional(v.custom<JsonValue>(() => true)),
  bodyBase64: v.optional(v.pipe(v.string(), v.base64('must be base64'))),
  messageId: v.optional(v.string()),
  correlationId: v.optional(v.string()),
  userId: v.optional(v.string()),
  contentType: v.optional(v.string()),
  contentEncoding: v.optional(v.string()),
  ack: v.optional(v.picklist(['none', 'positive', 'negative', 'full'])),
  ttlSeconds: v.optional(v.pipe(v.number(), v.minValue(0))),
  properties: v.optional(v.record(v.string(), v.nullable(v.string()))),
});

function sendMessage(call: Call): Reply {
  const { bodyBase64, ...message } = parseInput(messageSchema, objectBody(call), 'the message');
  const body = bodyBase64 === undefined ? message.body : Buffer.from(bodyBase64, 'base64');
  const messageId = hubOf(call).store.enqueue(idOf(call), { ...message, body });
  return reply({ messageId }, 201);
}

function purge(call: Call): Reply {
  const deviceId = idOf(call);
  return reply({ deviceId, totalMessagesPurged: hubOf(call).store.purge(deviceId) });
}

function putEnrollment(call: Call): Reply {
  return reply(call.registry.enrollments.put(idOf(call), objectBody(call) as EnrollmentInput, call.ifMatch));
}

function putEnrollmentGroup(call: Call): Reply {
  return reply(
    call.registry.enrollmentGroups.put(idOf(call), objectBody(call) as EnrollmentGroupInput, call.ifMatch),
  );
}

function remove(call: Call, store: { delete(id: string, ifMatch?: string): void }): Reply {
  store.delete(idOf(call), call.ifMatch);
  return noContent;
}

function describeRegistration(registration: Registration): JsonObject {
  const { receivedPayload } = registration;
  const state = registrationState(registration);
  return receivedPayload === undefined ? state : { ...state, receivedPayload };
}
