import type { MessageContent } from '../../../src/messages/cloud-message.ts';

/** A message that says next to nothing, but for what is given. */
export function someMessage(over: Partial<MessageContent> = {}): MessageContent {
  return { properties: {}, body: Buffer.from('body'), ...over };
}
