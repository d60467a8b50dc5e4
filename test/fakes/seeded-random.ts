export { oneOf, seededRandom, whole } from '../../src/lib/seeded-random.ts';
