/** A day or a month of the calendar, in UTC. */
export interface Period {
  /** Such as `2026-11-22`, or `2026-11`. */
  readonly id: string;
  readonly startMs: number;
  readonly lengthMs: number;
}

export type Calendar = (now: Date) => Period;

export const utcDay: Calendar = (now) => {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  return period(Date.UTC(year, month, day), Date.UTC(year, month, day + 1), 'YYYY-MM-DD');
};

export const utcMonth: Calendar = (now) => {
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  return period(Date.UTC(year, month), Date.UTC(year, month + 1), 'YYYY-MM');
};

function period(startMs: number, endMs: number, form: string): Period {
  return { id: new Date(startMs).toISOString().slice(0, form.length), startMs, lengthMs: endMs - startMs };
}
