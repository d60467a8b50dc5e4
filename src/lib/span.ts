const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A length of time for people, whatever its sign: `12 s`, `90 min`, `36 h`, `20000 d`. */
export function describeSpan(ms: number): string {
  const length = Math.abs(ms);
  if (length < 2 * minute) return `${Math.round(length / second)} s`;
  if (length < 2 * hour) return `${Math.round(length / minute)} min`;
  if (length < 2 * day) return `${Math.round(length / hour)} h`;
  return `${Math.round(length / day)} d`;
}

/** `3 h behind`, `2 d ahead`: of a clock that is right once so much is added to it. */
export function describeOffset(offsetMs: number): string {
  return `${describeSpan(offsetMs)} ${offsetMs < 0 ? 'ahead' : 'behind'}`;
}
