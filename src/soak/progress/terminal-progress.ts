import type { Clock } from '../../lib/clock.ts';
import type { Moment } from './moment.ts';
import { momentLines } from './moment-lines.ts';
import type { Look, Rates } from './moment-lines.ts';
import type { Progress } from './progress.ts';
import type { Screen } from './screen.ts';
import { Ticking } from './ticking.ts';

const everyMs = 1000;

/** For people at a terminal: a picture of the run, drawn anew every second and gone when the run is over. */
export function terminalProgress(clock: Clock, screen: Screen, look: () => Look): Progress {
  let before: Moment | undefined;
  const ticking = new Ticking(clock, everyMs, (moment) => {
    screen.show(momentLines(moment, ratesBetween(before, moment), look()));
    before = moment;
  });
  return {
    begin: (scene) => {
      ticking.begin(scene);
    },
    end: () => {
      ticking.end();
      screen.show([]);
    },
  };
}

export function ratesBetween(before: Moment | undefined, now: Moment): Rates {
  const seconds = before === undefined ? 0 : (now.elapsedMs - before.elapsedMs) / 1000;
  if (before === undefined || seconds <= 0) return { promised: 0, delivered: 0 };
  return {
    promised: (now.promised - before.promised) / seconds,
    delivered: (now.delivered - before.delivered) / seconds,
  };
}
