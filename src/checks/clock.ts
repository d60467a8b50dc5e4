import { judge, toleratedOffsetMs } from '../clock-sync/condition.ts';
import { SyncProbe } from '../clock-sync/sync-probe.ts';
import { builtAt } from '../version.ts';
import { error, ok, skipped, warning } from './check.ts';
import type { Check } from './check.ts';

const remedy = 'have the machine keep its clock right; tokens and certificates depend on it (docs/clock.md)';

const synchronised: Check = {
  id: 'clock',
  looksAt: 'whether something keeps the clock of this machine right',
  command: 'timedatectl',
  run: async ({ machine }, signal) => {
    const { clock, runProgram: run, root } = machine;
    const sync = await new SyncProbe({ run, root, clock }).ask(signal);
    const { state, reason } = judge({ now: clock.now(), sync, builtAt });
    if (state === 'good') return ok(reason);
    if (state === 'unknown') return skipped(reason);
    return warning(reason, { remedy, command: 'sudo timedatectl set-ntp true; timedatectl' });
  },
};

const offset: Check = {
  id: 'clock-offset',
  looksAt: 'how far the clock is from the date that DPS’s host gives, to a second or so',
  command: 'timedatectl',
  isOnline: true,
  needs: ['config'],
  run: async ({ device: { world } }, signal) => {
    const { clock } = world;
    const offsetMs = await world.measureOffset(signal);
    if (offsetMs === undefined) return skipped('it cannot be measured: no answer on port 443 of DPS’s host');
    const { reason } = judge({ now: clock.now(), sync: { answer: 'unknown', source: '' }, offsetMs });
    return Math.abs(offsetMs) <= toleratedOffsetMs
      ? ok(reason)
      : error(reason, { remedy, command: 'timedatectl' });
  },
};

export const clockChecks: readonly Check[] = [synchronised, offset];
