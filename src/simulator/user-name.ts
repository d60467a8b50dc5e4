/** Who a CONNECT says it is: its user name tells DPS from a hub, which share the first port. */
export type UserName =
  | { readonly service: 'dps'; readonly scopeId: string; readonly registrationId: string }
  | {
      readonly service: 'hub';
      readonly host: string;
      readonly deviceId: string;
      readonly moduleId: string | undefined;
      readonly modelId: string | undefined;
    };

/** Neither api-version nor the order of the query matters (protocol.md 1.2 and 3.1). `undefined`: neither form. */
export function parseUserName(text: string): UserName | undefined {
  return parseDps(text) ?? parseHub(text);
}

function parseDps(text: string): UserName | undefined {
  const match = /^([^/]+)\/registrations\/([^/?]+)(?:\/\??api-version=.*)?\/?$/i.exec(text);
  const [, scopeId, registrationId] = match ?? [];
  if (scopeId === undefined || registrationId === undefined) return undefined;
  return { service: 'dps', scopeId, registrationId };
}

function parseHub(text: string): UserName | undefined {
  const mark = text.indexOf('/?');
  const path = mark < 0 ? text.replace(/\/$/, '') : text.slice(0, mark);
  const [host, deviceId, moduleId, ...rest] = path.split('/');
  if (host === undefined || host === '' || deviceId === undefined || deviceId === '') return undefined;
  if (rest.length > 0) return undefined;
  const query = mark < 0 ? '' : text.slice(mark + 2);
  return { service: 'hub', host, deviceId, moduleId, modelId: modelIdOf(query) };
}

/** The Node SDK sends the model ID unencoded, others encoded; neither `;` nor `:` may be taken for a separator. */
function modelIdOf(query: string): string | undefined {
  const field = query.split('&').find((pair) => pair.startsWith('model-id='));
  const value = field?.slice('model-id='.length);
  if (value === undefined || value === '') return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
