import type { MessageContent } from './cloud-message.ts';

/** Linux takes no variable of more than 128 KB; escapes make JSON longer than what it is made of. */
const longestJsonBytes = 100_000;

/**
 * What a program is told of a message, beside its body: `DPS_MESSAGE_ID`, `…_CORRELATION_ID`, `…_USER_ID`,
 * `…_CONTENT_TYPE`, `…_CONTENT_ENCODING`; each property as `DPS_MESSAGE_PROPERTY_NAME`, its name in capitals with `_` for
 * whatever is no letter or digit, the first where two become one; and all of them, unchanged, as a JSON object in
 * `DPS_MESSAGE_PROPERTIES`, unless that is longer than 100,000 bytes.
 */
export function commandEnvironment(message: MessageContent): Record<string, string> {
  const { messageId, correlationId, userId, contentType, contentEncoding, properties } = message;
  const variables = new Map<string, string>();
  const add = (name: string, value: string | undefined): void => {
    // A variable cannot hold a NUL; DPS_MESSAGE_PROPERTIES can.
    if (value !== undefined && !value.includes('\0') && !variables.has(name)) variables.set(name, value);
  };
  add('DPS_MESSAGE_ID', messageId);
  add('DPS_MESSAGE_CORRELATION_ID', correlationId);
  add('DPS_MESSAGE_USER_ID', userId);
  add('DPS_MESSAGE_CONTENT_TYPE', contentType);
  add('DPS_MESSAGE_CONTENT_ENCODING', contentEncoding);
  for (const [name, value] of Object.entries(properties))
    add(`DPS_MESSAGE_PROPERTY_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`, value);
  const json = JSON.stringify(properties);
  if (Buffer.byteLength(json) <= longestJsonBytes) add('DPS_MESSAGE_PROPERTIES', json);
  return Object.fromEntries(variables);
}
