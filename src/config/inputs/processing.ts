import * as v from 'valibot';

/** What is done to readings on their way, step by step. */
export const processing = v.array(v.strictObject({}));

export type ProcessingConfig = v.InferOutput<typeof processing>;
