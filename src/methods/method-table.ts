import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import { isDeeper, isJsonObject } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import { withoutSecrets } from '../lib/without-secrets.ts';
import { readArguments, secretsIn, shownArguments } from './arguments.ts';
import { refusal } from './refusal.ts';
import type { Method, MethodCall, MethodResponse } from './method.ts';
import { didYouMean } from './suggest.ts';
import type { Suggest } from './suggest.ts';

export interface MethodTableOptions {
  readonly methods: readonly Method[];
  readonly settings: () => MethodLimits;
  readonly suggest: Suggest;
  /** Is told of each answer; `undefined` for a method that there is not, since its name may be anything. */
  readonly onAnswer?: ((method: string | undefined, status: number) => void) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export interface MethodLimits {
  /** What takes longer is answered for, in milliseconds; below the timeout of those who call. */
  readonly deadlineMs: number;
  readonly atOnce: number;
}

export type Invocation = Pick<MethodCall, 'name' | 'requestId' | 'payload'>;

/** Far more than any method has. */
const deepestArguments = 100;

/** What a direct method's answer may have as JSON, in bytes (protocol.md 5.2). */
export const maxAnswerBytes = 128 * 1024;

/**
 * Everything that can be called, and the rules of calling it, whoever calls. A call is answered in every case, in time,
 * with something that can be sent, and leaves one line in the log.
 */
export class MethodTable {
  readonly #options: MethodTableOptions;
  readonly #running = new Set<Running>();

  constructor(options: MethodTableOptions) {
    this.#options = options;
    const twice = options.methods.find(
      ({ name }, index) => options.methods.findIndex((other) => other.name === name) < index,
    );
    if (twice !== undefined)
      throw new Error(`cannot make the table of methods: ${twice.name} is in it twice`);
  }

  get methods(): readonly Method[] {
    return this.#options.methods;
  }

  /** Never rejects. What must come after the answer is `afterwards` of the response, and the caller's to do. */
  async invoke(called: Invocation, signal: AbortSignal): Promise<MethodResponse> {
    const startedMs = this.#options.clock.monotonic();
    const isTooDeep = isDeeper(called.payload, deepestArguments);
    // Whatever looks into them, to check, log or hide them, calls itself for each level.
    const call = isTooDeep ? { ...called, payload: undefined } : called;
    const method = this.#find(call.name);
    const response = await this.#respond(method, call, isTooDeep, signal);
    this.#audit(call, method, response, this.#options.clock.monotonic() - startedMs);
    this.#options.onAnswer?.(method?.name, response.status);
    return response;
  }

  #respond(
    method: Method | undefined,
    call: Invocation,
    isTooDeep: boolean,
    signal: AbortSignal,
  ): MethodResponse | Promise<MethodResponse> {
    if (method === undefined) return this.#unknown(call.name);
    if (!isTooDeep) return this.#call(method, call, signal);
    const error = `cannot call ${method.name}: its arguments are nested more than ${deepestArguments} deep`;
    return refusal(400, 'BAD-ARGUMENTS', error);
  }

  /** By its name, or as `component*name` (protocol.md 7). */
  #find(called: string): Method | undefined {
    const star = called.indexOf('*');
    const [component, name] =
      star < 0 ? [undefined, called] : [called.slice(0, star), called.slice(star + 1)];
    return this.#options.methods.find(
      (method) => method.name === name && (component === undefined || method.component === component),
    );
  }

  #unknown(called: string): MethodResponse {
    const { methods, suggest } = this.#options;
    const names = methods.map(({ name }) => name);
    const own = called.slice(called.indexOf('*') + 1);
    const there = methods.find(({ name }) => name === own);
    const hint = there === undefined ? didYouMean(suggest, own, names) : `; did you mean ${fullName(there)}?`;
    return refusal(404, 'UNKNOWN-METHOD', `there is no method ${shownName(called)}${hint}`, {
      known: methods.map(fullName),
    });
  }

  async #call(method: Method, call: Invocation, signal: AbortSignal): Promise<MethodResponse> {
    try {
      const refused = this.#refused(method);
      if (refused !== undefined) return refused;
      const read = readArguments(method, call.payload, this.#options.suggest);
      if ('problem' in read)
        return refusal(400, 'BAD-ARGUMENTS', `cannot call ${method.name}: ${read.problem}`);
      return sendable(method, await this.#carryOut(method, read.args, call, signal));
    } catch (error) {
      return this.#failed(method, call, error, signal);
    }
  }

  #refused(method: Method): MethodResponse | undefined {
    if (method.isAllowed?.() === false) return notAllowed(method);
    const { atOnce } = this.#options.settings();
    if (this.#running.size < atOnce) return undefined;
    const error = `cannot call ${method.name}: ${atOnce} are under way; try again`;
    return refusal(429, 'BUSY', error, { running: this.#report() });
  }

  /** What does not heed its signal goes on, and counts as under way, until it has ended. */
  #carryOut(method: Method, args: unknown, call: Invocation, signal: AbortSignal): Promise<MethodResponse> {
    const { clock, settings } = this.#options;
    const { requestId } = call;
    const { deadlineMs } = settings();
    const running: Running = { method: method.name, requestId, startedMs: clock.monotonic() };
    this.#running.add(running);
    return withDeadline(clock, deadlineMs, new Late(deadlineMs), signal, async (scope) => {
      try {
        const response = await method.handle(args, { requestId, signal: scope });
        this.#ended(running, deadlineMs, `with ${response.status}`);
        return response;
      } catch (error) {
        const reason = withoutSecrets(describeError(error), secretsIn(method, call.payload));
        this.#ended(running, deadlineMs, reason);
        throw error;
      }
    });
  }

  /** The end of what has been answered for is told by nobody else. */
  #ended(running: Running, deadlineMs: number, how: string): void {
    const { clock, log } = this.#options;
    const { method, requestId, startedMs } = running;
    this.#running.delete(running);
    const durationMs = Math.round(clock.monotonic() - startedMs);
    if (durationMs < deadlineMs + stopMs) return;
    log.warn({ method, requestId, durationMs }, `direct method ${method} has ended after its time: ${how}`);
  }

  #failed(method: Method, call: Invocation, error: unknown, signal: AbortSignal): MethodResponse {
    const { name } = method;
    if (error instanceof Late) {
      const late = `${name} has not ended within ${error.afterMs / 1000} s, and has been told to stop`;
      return refusal(504, 'DEADLINE', late, { running: this.#report() });
    }
    if (signal.aborted) return refusal(503, 'STOPPING', `cannot finish ${name}: the session ends`);
    const reason = withoutSecrets(describeError(error), secretsIn(method, call.payload));
    return refusal(500, 'INTERNAL', `cannot carry out ${name}: ${reason}`);
  }

  #report(): object[] {
    const now = this.#options.clock.monotonic();
    return [...this.#running].map(({ method, requestId, startedMs }) => ({
      method,
      requestId,
      forSeconds: Math.round((now - startedMs) / 1000),
    }));
  }

  #audit(
    call: Invocation,
    method: Method | undefined,
    { status, payload }: MethodResponse,
    ms: number,
  ): void {
    const { log } = this.#options;
    const name = shownName(call.name);
    const args = shownArguments(method, call.payload);
    const secrets = method === undefined ? [] : secretsIn(method, call.payload);
    const error =
      isJsonObject(payload) && typeof payload['error'] === 'string' ? payload['error'] : undefined;
    const fields = { method: name, requestId: call.requestId, status, durationMs: Math.round(ms), args };
    const said = `direct method ${name} answered with ${status}`;
    const reason = error === undefined || status < 400 ? said : `${said}: ${withoutSecrets(error, secrets)}`;
    if (status === 500) log.error(fields, reason);
    else log.info(fields, reason);
  }
}

interface Running {
  readonly method: string;
  readonly requestId: string;
  /** On the monotonic clock. */
  readonly startedMs: number;
}

class Late extends Error {
  readonly afterMs: number;

  constructor(afterMs: number) {
    super(`the time for an answer, ${afterMs} ms, is over`);
    this.afterMs = afterMs;
  }
}

function fullName({ name, component }: Method): string {
  return component === undefined ? name : `${component}*${name}`;
}

/** A name from the cloud may be anything. */
function shownName(called: string): string {
  const shown = withoutSecrets(called);
  return shown.length > 64 ? `${shown.slice(0, 64)}…` : shown;
}

/** What heeds its signal has stopped by then, in milliseconds after it was told. */
const stopMs = 1000;

function notAllowed({ name }: Method): MethodResponse {
  return refusal(403, 'NOT-ALLOWED', `${name} is off on this device, until its config.yaml allows it`, {
    config: `methods:\n  allow: [${name}]\n`,
  });
}

/** What cannot be sent must be known here: the SDK would leave the caller without an answer. */
function sendable({ name }: Method, response: MethodResponse): MethodResponse {
  const { status, payload, ...rest } = response;
  if (!Number.isInteger(status) || status < 100 || status > 599)
    throw new Error(`its answer has the status ${String(status)}`);
  const bytes = Buffer.byteLength(JSON.stringify(payload ?? null));
  if (bytes <= maxAnswerBytes) return response;
  const tooLarge = `the answer of ${name} has ${bytes} bytes, and IoT Hub takes ${maxAnswerBytes}`;
  return { ...refusal(500, 'TOO-LARGE', tooLarge), ...rest };
}
