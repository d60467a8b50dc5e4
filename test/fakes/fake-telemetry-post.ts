import type { PostAnswer, TelemetryPost } from '../../src/soak/load/telemetry-post.ts';

/** An agent's socket that answers as it is told. */
export class FakeTelemetryPost implements TelemetryPost {
  readonly posts: (readonly string[])[] = [];
  isClosed = false;
  /** What a post comes to: all of it accepted, unless a test says otherwise. */
  answer: (lines: readonly string[]) => Promise<PostAnswer> = (lines) =>
    Promise.resolve({ status: 202, accepted: lines.length });

  post(lines: readonly string[], signal: AbortSignal): Promise<PostAnswer> {
    this.posts.push(lines);
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
      this.answer(lines).then(resolve, reject);
    });
  }

  close(): void {
    this.isClosed = true;
  }
}
