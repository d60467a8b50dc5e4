import { CloudError } from '../../src/cloud-error.ts';
import { budgetAfter } from '../../src/connection/registration-budget.ts';
import { initialState, transition } from '../../src/connection/state.ts';
import type { Context, State } from '../../src/connection/state.ts';
import { policy } from './stampede.ts';

interface Device {
  state: State;
  /** When what it is doing is over; Infinity while it is connected. */
  atMs: number;
  openedAtMs: number;
}

const hub = { assignedHub: 'hub', deviceId: 'd', assignedAt: '2026-01-01T00:00:00.000Z' };
const connectMs = 20;

/** Two devices with one identity, the second started after `gapMs`: how often they connect within `forMs` together. */
export function connectsOfTwo(gapMs: number, forMs: number, random: () => number): number {
  const context = (nowMs: number): Context => ({ policy, random, nowMs });
  const start = {
    cached: hub,
    credential: 'primary',
    alwaysReprovision: false,
    budget: budgetAfter([], 0),
  } as const;
  const one: Device = { state: initialState(start, context(0)), atMs: 0, openedAtMs: 0 };
  const other: Device = { ...one, atMs: gapMs };
  let connects = 0;
  for (;;) {
    const [next, rival] = one.atMs <= other.atMs ? [one, other] : [other, one];
    const nowMs = next.atMs;
    if (nowMs > forMs) return connects;
    if (next.state.name === 'connecting') {
      connects += 1;
      next.state = transition(next.state, { name: 'opened' }, context(nowMs));
      Object.assign(next, { openedAtMs: nowMs, atMs: Infinity });
      push(rival, nowMs, context(nowMs));
    } else {
      next.state = transition(next.state, { name: 'elapsed' }, context(nowMs));
      next.atMs = nowMs + connectMs;
    }
  }
}

/** The hub keeps the newer session. */
function push(device: Device, nowMs: number, context: Context): void {
  if (device.state.name !== 'connected') return;
  const error = new CloudError('HUB-CLOSED', 'keep the session');
  const uptimeMs = nowMs - device.openedAtMs;
  device.state = transition(device.state, { name: 'lost', error, uptimeMs }, context);
  device.atMs = nowMs + (device.state.name === 'waiting' ? device.state.delayMs : 0);
}
