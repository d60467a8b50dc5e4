import type { MessageContent } from './cloud-message.ts';

/** Which messages a rule is for: all of these must fit. In a pattern `*` stands for any text, none included. */
export interface MessageMatch {
  /** Patterns by the name of an application property, which must be there. */
  readonly properties: Readonly<Record<string, string>>;
  readonly messageId?: string;
  readonly contentType?: string;
}

/** Whether a rule is for this message. What the message does not have fits no pattern, not even `*`. */
export function fits({ properties, messageId, contentType }: MessageMatch, message: MessageContent): boolean {
  return (
    Object.entries(properties).every(([name, pattern]) => matches(pattern, valueOf(message, name))) &&
    (messageId === undefined || matches(messageId, message.messageId)) &&
    (contentType === undefined || matches(contentType, message.contentType))
  );
}

function valueOf({ properties }: MessageContent, name: string): string | undefined {
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** Without a regular expression: a pattern of many stars must not take for ever. */
function matches(pattern: string, text: string | undefined): boolean {
  if (text === undefined) return false;
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last))
    return false;
  const middle = text.slice(first.length, text.length - last.length);
  let from = 0;
  return rest.every((part) => {
    const at = middle.indexOf(part, from);
    from = at + part.length;
    return at >= 0;
  });
}
