import { getEventListeners } from 'node:events';

/**
 * How much is still attached to a signal: its listeners, and the signals that AbortSignal.any made of it, which Node 20
 * keeps at their source for as long as that lives.
 */
export function tracesAt(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length + dependants(signal);
}

function dependants(signal: AbortSignal): number {
  const internals = signal as unknown as Readonly<Record<symbol, Set<unknown> | undefined>>;
  const key = Object.getOwnPropertySymbols(signal).find(
    (symbol) => symbol.description === 'kDependantSignals',
  );
  return key === undefined ? 0 : (internals[key]?.size ?? 0);
}
