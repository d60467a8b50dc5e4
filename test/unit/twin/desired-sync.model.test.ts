import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/lib/json.ts';
import { isJsonObject } from '../../../src/lib/json.ts';
import { twinSettings } from '../../../src/twin-settings.ts';
import { mergePatch } from '../../../src/twin/desired-document.ts';
import { valueAt } from '../../../src/twin/properties.ts';
import { settingsInForce } from '../../../src/twin/settings/settings-file.ts';
import { settle } from '../../fakes/fake-clock.ts';
import { DesiredWorld, refusal } from './desired-world.ts';
import type { RunningSync } from './desired-world.ts';
import { config } from './settings/configured.ts';

/** What an operator may write, sense and nonsense; null deletes. */
const pool: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>> = {
  telemetry: {
    intervalSeconds: [10, 20, 0, 'often', [10], null],
    inputs: [
      { door: { enabled: false } },
      { door: { intervalSeconds: 5 } },
      { board: { figures: ['cpu', 'disk'] } },
      { board: { figures: ['load'] } },
      { door: null },
      { dor: {} },
      { door: 1 },
      null,
    ],
    batch: [
      { maxReadings: 20 },
      { maxDelaySeconds: 5, compression: 'gzip' },
      { maxReadings: null },
      'none',
      null,
    ],
    drainrate: [5, null],
  },
  log: { level: ['debug', 'warn', 'loud', null], areas: [{ twin: 'debug' }, { twin: null }, null] },
  connection: { transport: ['mqtt', 'mqtt_ws', 'carrier pigeon', null], keepAliveSeconds: [30, 60, null] },
  colour: { red: [1, null] },
};

const document = fc.record(
  Object.fromEntries(
    Object.entries(pool).map(([component, properties]) => {
      const section = fc.record(
        Object.fromEntries(
          Object.entries(properties).map(([name, values]) => [name, fc.constantFrom(...values)]),
        ),
        { requiredKeys: [] },
      );
      const odd = fc.constantFrom<unknown>(null, 7, { __t: 'c' });
      return [component, fc.oneof({ weight: 12, arbitrary: section }, { weight: 1, arbitrary: odd })];
    }),
  ),
  { requiredKeys: [] },
);

type Delivery = 'once' | 'twice' | 'lost' | 'late';
type Step =
  | { readonly does: 'patch' | 'replace'; readonly with: JsonObject; readonly delivery: Delivery }
  | { readonly does: 'reconnect' | 'rest' | 'throttle' | 'go on' };

const delivery = fc.constantFrom<Delivery[]>('once', 'once', 'twice', 'lost', 'late');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constantFrom<'patch'[]>('patch'), with: document, delivery }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constantFrom<'replace'[]>('replace'), with: document, delivery }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constantFrom<('reconnect' | 'rest' | 'throttle' | 'go on')[]>(
        'reconnect',
        'rest',
        'throttle',
        'go on',
      ),
    }),
  },
);

/** A hub that keeps a twin, and a way to the device that loses, doubles and delays. */
class Hub {
  #desired: JsonObject = {};
  #version = 1;
  #late: (() => void)[] = [];
  #sync: RunningSync;
  #reconnects = 0;
  readonly #world: DesiredWorld;

  constructor(world: DesiredWorld) {
    this.#world = world;
    this.#sync = this.#open();
  }

  get desired(): JsonObject {
    return this.#desired;
  }

  get version(): number {
    return this.#version;
  }

  async take(step: Step): Promise<void> {
    const late = this.#late;
    this.#late = [];
    if ('with' in step) this.#change(step);
    else if (step.does === 'reconnect') await this.reconnect();
    else if (step.does === 'throttle') this.#throttle();
    else if (step.does === 'rest') await this.rest();
    else await settle();
    for (const arrive of late) arrive();
  }

  async reconnect(): Promise<void> {
    await this.#sync.close();
    this.#sync = this.#open();
    await this.idle();
  }

  /** Until the device has nothing more to do, however long that takes by its clock. */
  async rest(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) {
      await this.idle();
      const [ms] = this.#world.clock.sleeping;
      if (ms === undefined) return;
      await this.#world.clock.advance(ms);
    }
    assert.fail('the device does not come to rest');
  }

  close(): Promise<void> {
    return this.#sync.close();
  }

  /** Until it does nothing without time going by; as its connection would, it opens anew when asked to. */
  async idle(): Promise<void> {
    const { store, reconnects } = this.#world;
    let [seen, quiet] = ['', 0];
    for (let turn = 0; quiet < 4; turn += 1) {
      assert.ok(turn < 500, 'the device does not stop');
      await store.update((state) => state);
      await settle();
      const now = JSON.stringify([this.#sync.session.twinRequests.length, store.state, reconnects.length]);
      quiet = now === seen ? quiet + 1 : 0;
      seen = now;
      if (reconnects.length === this.#reconnects) continue;
      this.#reconnects = reconnects.length;
      await this.#sync.close();
      this.#sync = this.#open();
    }
  }

  #change(step: Extract<Step, { with: JsonObject }>): void {
    this.#version += 1;
    this.#desired = mergePatch(step.does === 'patch' ? this.#desired : {}, step.with);
    // A replacement is told as what it puts there, not as what it takes away.
    const told = step.does === 'patch' ? step.with : this.#desired;
    const patch = { ...told, $version: this.#version };
    const { session } = this.#sync;
    session.desired = { ...this.#desired, $version: this.#version };
    const arrive = (): void => {
      session.patch(patch);
    };
    if (step.delivery === 'late') this.#late.push(arrive);
    if (step.delivery === 'once' || step.delivery === 'twice') arrive();
    if (step.delivery === 'twice') arrive();
  }

  #throttle(): void {
    const { session } = this.#sync;
    let left = 2;
    const once = (): Promise<void> =>
      left-- > 0 ? Promise.reject(refusal('status 429')) : Promise.resolve();
    session.onReport = once;
  }

  #open(): RunningSync {
    const world = this.#world;
    return world.open({ ...this.#desired, $version: this.#version }, (session) => {
      session.onFetch = () => {
        session.reported = world.reported;
        return Promise.resolve(session.desired);
      };
    });
  }
}

/** What the reported properties must be, and what is in force: plainly, from the last document alone. */
function check(world: DesiredWorld, { desired, version: av }: Hub): void {
  const known = new Set(twinSettings.settings.map(({ component }) => component));
  const expected = new Map<string, unknown>();
  const held = settingsInForce(world.store.state);
  for (const { id, component, name, check: checks, read } of twinSettings.settings) {
    if (!isJsonObject(desired[component] ?? {})) continue;
    const asked = valueAt(desired, component, name);
    if (asked === undefined) {
      assert.equal(held[id], undefined, id);
      continue;
    }
    const checked = checks(asked, config);
    if ('value' in checked) {
      assert.deepEqual(held[id]?.value, asked, id);
      expected.set(id, { value: asked, ac: 200, av, ad: 'applied' });
    } else {
      const inForce = read(world.live.current);
      const value = inForce === undefined ? {} : { value: inForce };
      expected.set(id, { ...value, ac: 400, av, ad: checked.problem });
    }
  }
  for (const [component, section] of Object.entries(desired)) {
    if (!known.has(component) || !isJsonObject(section)) expected.set(component, { ac: 400, av });
    else if ('drainrate' in section) expected.set(`${component}.drainrate`, { ac: 400, av });
  }
  assert.deepEqual(answersIn(world.reported), Object.fromEntries([...expected].sort()));
}

/** By their paths; of those that refuse what is unknown without what they say. */
function answersIn(reported: JsonObject): JsonObject {
  const answers = Object.entries(reported).flatMap(([component, section]): [string, unknown][] => {
    const { __t, ...properties } = section as JsonObject;
    assert.equal(__t, component === 'colour' ? undefined : 'c', component);
    const { ac, av, ad, ...others } = properties;
    const own: [string, unknown][] = ac === undefined ? [] : [[component, { ac, av }]];
    assert.equal(typeof ad, ac === undefined ? 'undefined' : 'string');
    const named = Object.entries(others).map(([name, answer]): [string, unknown] => {
      const { ac: code, av: version } = answer as JsonObject;
      return [`${component}.${name}`, name === 'drainrate' ? { ac: code, av: version } : answer];
    });
    return [...own, ...named];
  });
  return Object.fromEntries(answers.sort());
}

describe('DesiredSync', () => {
  it('has in force and acknowledged in the end what a plain model says, whatever was lost, doubled or late', async () => {
    const steps = fc.array(step, { maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (given, endsWithPatch) => {
        const world = new DesiredWorld('nowhere', { write: () => Promise.resolve() });
        const hub = new Hub(world);
        try {
          for (const one of given) await hub.take(one);
          if (endsWithPatch)
            await hub.take({ does: 'patch', with: { log: { level: 'error' } }, delivery: 'once' });
          else await hub.reconnect();
          await hub.take({ does: 'rest' });
          await hub.rest();
          check(world, hub);
        } finally {
          await hub.close();
        }
      }),
      { numRuns: 150 },
    );
  });
});
