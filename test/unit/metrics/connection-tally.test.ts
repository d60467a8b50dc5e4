import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import { initialState, transition } from '../../../src/connection/state.ts';
import type { Context, Event, State } from '../../../src/connection/state.ts';
import { ConnectionTally } from '../../../src/metrics/connection-tally.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';

const assignment = {
  assignedHub: 'one.azure-devices.net',
  deviceId: 'gw',
  assignedAt: '2026-01-01T00:00:00.000Z',
};
const broken = new CloudError('NET-RESET', 'talk to the hub');
const refused = new CloudError('DPS-401', 'register');
const policy: Context['policy'] = {
  retry: { initialMs: 1000, maximumMs: 2000 },
  rejectedRetry: { initialMs: 1000, maximumMs: 2000 },
  reprovisionAfterFailures: 5,
  reprovisionAfterMs: 3_600_000,
  reprovisionSpreadMs: 0,
  dynamicReprovisioning: true,
  stableAfterMs: 60_000,
  credentials: ['primary'],
};

/** The rules of the connection themselves, and a tally that is told of what comes of them. */
class Rig {
  readonly clock = new FakeClock();
  readonly tally = new ConnectionTally(this.clock);
  #state: State = { name: 'stopped' };

  start(): void {
    const budget = { tokens: 3, atMs: 0 };
    const start = { cached: undefined, credential: 'primary', alwaysReprovision: false, budget } as const;
    this.#state = initialState(start, this.#context());
    this.tally.entered(this.#state);
  }

  async happens(event: Event, afterMs = 0): Promise<void> {
    await this.clock.advance(afterMs);
    this.#state = transition(this.#state, event, this.#context());
    this.tally.entered(this.#state, event);
  }

  async connects(): Promise<void> {
    await this.happens({ name: 'assigned', assignment });
    await this.happens({ name: 'opened' });
  }

  #context(): Context {
    return { policy, random: () => 0.5, nowMs: this.clock.monotonic() };
  }
}

describe('ConnectionTally', () => {
  it('counts registrations, attempts and reconnects by what became of them', async () => {
    const rig = new Rig();
    rig.start();
    await rig.happens({ name: 'failed', error: refused });
    await rig.happens({ name: 'elapsed' }, 5000);
    await rig.connects();
    await rig.happens({ name: 'lost', error: broken, uptimeMs: 1000 }, 1000);
    await rig.happens({ name: 'elapsed' }, 2000);
    await rig.happens({ name: 'failed', error: broken });
    await rig.happens({ name: 'elapsed' }, 2000);
    await rig.happens({ name: 'opened' });
    await rig.happens({ name: 'renewalDue' });
    await rig.happens({ name: 'opened' });
    const { registrations, attempts, reconnects, sessions, state } = rig.tally.figures;
    assert.deepEqual(registrations, { assigned: 1, 'DPS-401': 1 });
    assert.deepEqual(attempts, { opened: 3, 'NET-RESET': 1 });
    assert.deepEqual(reconnects, { 'NET-RESET': 1, 'token-renewal': 1 });
    assert.deepEqual([sessions, state], [3, 'connected']);
  });

  it('counts what the trial of a certificate does beside the session, which goes on', async () => {
    const rig = new Rig();
    rig.start();
    await rig.connects();
    rig.tally.tried('connecting', { name: 'failed', error: broken });
    rig.tally.tried('provisioning', { name: 'assigned', assignment });
    rig.tally.tried('connecting', { name: 'opened' });
    const { registrations, attempts, reconnects, sessions, state } = rig.tally.figures;
    assert.deepEqual(registrations, { assigned: 2 });
    assert.deepEqual(attempts, { opened: 2, 'NET-RESET': 1 });
    assert.deepEqual([reconnects, sessions, state], [{}, 2, 'connected']);
  });

  it('knows how long it was in each state, up to now', async () => {
    const rig = new Rig();
    await rig.clock.advance(300);
    rig.start();
    await rig.happens({ name: 'assigned', assignment }, 2000);
    await rig.happens({ name: 'opened' }, 700);
    await rig.clock.advance(10_000);
    const { msIn } = rig.tally.figures;
    assert.deepEqual([msIn.starting, msIn.provisioning, msIn.connecting], [300, 2000, 700]);
    assert.equal(msIn.connected, 10_000);
    await rig.clock.advance(1);
    assert.equal(rig.tally.figures.msIn.connected, 10_001);
  });

  it('calls a session that is broken off by its reason, and one that the agent ends no reconnect', async () => {
    const rig = new Rig();
    rig.start();
    await rig.connects();
    await rig.happens({ name: 'reprovision' });
    await rig.happens({ name: 'credentialChanged' });
    await rig.connects();
    await rig.happens({ name: 'stop' });
    const { reconnects, registrations, state } = rig.tally.figures;
    assert.deepEqual(reconnects, { reprovisioning: 1 });
    assert.deepEqual(registrations, { assigned: 2, 'credential-changed': 1 });
    assert.equal(state, 'stopped');
  });
});
