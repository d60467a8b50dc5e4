/** A port could not be opened. Says which, and keeps the cause. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly port: number;
  /** The port is in use by another program. */
  readonly taken: boolean;

  /** It is the control API's port. */
  readonly control: boolean;

  constructor(host: string, port: number, cause: unknown, control = false) {
    const taken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
    super(`cannot listen on ${host}:${port}${control ? ' for control' : ''}`, { cause });
    this.port = port;
    this.taken = taken;
    this.control = control;
  }
}
