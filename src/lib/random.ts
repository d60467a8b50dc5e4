/** A number in [0, 1), like Math.random. A seam, so that backoff can be tested and a soak repeated. */
export type Random = () => number;

export const systemRandom: Random = () => Math.random();
