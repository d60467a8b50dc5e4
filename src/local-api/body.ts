import type { IncomingMessage } from 'node:http';
import { Refusal } from './answer.ts';
import type { ApiLimits } from './limits.ts';
import { PostedBody } from './posted-body.ts';
import type { Exchange } from './router.ts';

/** Reads the bodies of posts: each within a bound, and all of them that are not done with within another. */
export class Bodies {
  readonly #limits: ApiLimits;
  #heldBytes = 0;

  constructor(limits: ApiLimits) {
    this.#limits = limits;
  }

  /**
   * Hands over the whole body, and counts it as held until `use` has settled. Throws a `Refusal` when it is too large, or
   * there is no room for it just now; rejects as Node does when the caller is gone before its end.
   */
  async withBody<T>(exchange: Exchange, use: (body: PostedBody) => T | Promise<T>): Promise<T> {
    let held = 0;
    const hold = (bytes: number): void => {
      held += bytes;
      this.#heldBytes += bytes;
    };
    try {
      return await use(await this.#read(exchange, hold));
    } finally {
      hold(-held);
    }
  }

  async #read({ request, response }: Exchange, hold: (bytes: number) => void): Promise<PostedBody> {
    this.#refuseUnread(request);
    // Node leaves it to us to say that the body is wanted.
    if (request.headers.expect !== undefined) response.writeContinue();
    const chunks: Buffer[] = [];
    let bytes = 0;
    let refusal: Refusal | undefined;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > this.#limits.maxDiscardedBytes) throw this.#tooLarge(true);
      refusal ??= this.#refusalAt(bytes, chunk.length);
      if (refusal !== undefined) continue;
      hold(chunk.length);
      chunks.push(chunk);
    }
    if (refusal !== undefined) throw refusal;
    return new PostedBody(chunks);
  }

  /** What is known before the body has come. */
  #refuseUnread({ headers, httpVersion }: IncomingMessage): void {
    const length = headers['content-length'];
    if (length === undefined && headers['transfer-encoding'] === undefined)
      throw new Refusal(411, `cannot take a post of HTTP/${httpVersion} without Content-Length`);
    const bytes = Number(length ?? 0);
    const isToCome = headers.expect === undefined && bytes <= this.#limits.maxDiscardedBytes;
    if (bytes > this.#limits.maxBodyBytes && !isToCome) throw this.#tooLarge(true);
  }

  #refusalAt(bytes: number, more: number): Refusal | undefined {
    const { maxBodyBytes, maxBodiesBytes } = this.#limits;
    if (bytes > maxBodyBytes) return this.#tooLarge(false);
    if (this.#heldBytes + more <= maxBodiesBytes) return undefined;
    return new Refusal(429, `cannot take more at once: ${maxBodiesBytes} bytes of posts are under way`, {
      details: { accepted: 0, reason: 'busy' },
      headers: { 'Retry-After': '1' },
    });
  }

  /** @param isUnread whether more of it may be on its way, so that nothing else can be read from this connection */
  #tooLarge(isUnread: boolean): Refusal {
    const { maxBodyBytes } = this.#limits;
    return new Refusal(
      413,
      `cannot take a body of more than ${maxBodyBytes} bytes: send it in several posts`,
      {
        details: { accepted: 0 },
        headers: isUnread ? { Connection: 'close' } : {},
      },
    );
  }
}
