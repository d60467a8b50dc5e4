import type { IncomingMessage } from 'node:http';
import { Refusal } from './answer.ts';

export interface ContentType {
  /** In lower case, without parameters; empty when none was given. */
  readonly type: string;
  /** In lower case. */
  readonly charset: string | undefined;
}

/** Throws a `Refusal` for a body that would have to be unpacked before it can be read. */
export function refusePacked({ headers }: Pick<IncomingMessage, 'headers'>): void {
  const { 'content-encoding': encoding = 'identity' } = headers;
  if (encoding !== 'identity')
    throw new Refusal(415, `cannot read a body with Content-Encoding ${encoding}: send it as it is`);
}

/** What `curl --data` says when nobody has told it what it sends. */
const unsaid = 'application/x-www-form-urlencoded';

export function contentTypeOf({ headers }: Pick<IncomingMessage, 'headers'>): ContentType {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  const charset = parameters.map((parameter) => parameter.trim()).find((each) => each.startsWith('charset='));
  const plain = type.trim();
  return {
    type: plain === unsaid ? '' : plain,
    charset: charset?.slice('charset='.length).replaceAll('"', ''),
  };
}
