/** What keeps callers from taking more of the machine than is theirs: sizes in bytes, times in milliseconds. */
export interface ApiLimits {
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  /** Of one body. */
  readonly maxBodyBytes: number;
  /** Of all bodies that are being read or have not been answered yet. */
  readonly maxBodiesBytes: number;
  /** As much of a body that is too large is read and thrown away, so that its sender reads the answer. */
  readonly maxDiscardedBytes: number;
  readonly headersMs: number;
  /** From the first byte of a request to its last. */
  readonly requestMs: number;
  /** How long a connection is kept for the next request. */
  readonly keepAliveMs: number;
  /** How often these times are looked at. */
  readonly checkMs: number;
  /** How long a request may still take once the agent stops. */
  readonly stopMs: number;
}

export const apiLimits: ApiLimits = {
  maxConnections: 64,
  maxHeaderBytes: 8 * 1024,
  maxBodyBytes: 1024 * 1024,
  maxBodiesBytes: 16 * 1024 * 1024,
  maxDiscardedBytes: 16 * 1024 * 1024,
  headersMs: 5000,
  requestMs: 10_000,
  keepAliveMs: 15_000,
  checkMs: 1000,
  stopMs: 2000,
};
