import * as v from 'valibot';
import { Secret } from '../lib/secret.ts';
import { secret, text } from './argument-kinds.ts';
import { refusal } from './refusal.ts';
import type { MethodResponse } from './method.ts';

/** Where a file is to go, as callers say it. */
export const destinationArgs = {
  sasUrl: v.optional(secret(text('a SAS URL, https://…', /^https:\/\/\S{1,4000}$/))),
  // A URL cannot hold the parts `.` and `..`: it would lead to another blob.
  blobName: v.optional(
    text(
      'a name of 1 to 800 characters without a slash at its ends, and without . and .. between slashes',
      /^(?!\/)(?!(?:[^]*\/)?\.{1,2}(?:\/|$))[^]{1,800}(?<!\/)$/,
    ),
  ),
};

export interface DestinationArguments {
  readonly sasUrl?: string | undefined;
  readonly blobName?: string | undefined;
}

/** From now on the URL is kept from logs and dumps. */
export function destinationOf({ sasUrl, blobName }: DestinationArguments): {
  sasUrl?: Secret;
  blobName?: string;
} {
  return {
    ...(sasUrl === undefined ? {} : { sasUrl: new Secret(sasUrl) }),
    ...(blobName === undefined ? {} : { blobName }),
  };
}

/** Both at once would leave open which counts. */
export function conflictIn({ sasUrl, blobName }: DestinationArguments): MethodResponse | undefined {
  if (sasUrl === undefined || blobName === undefined) return undefined;
  return refusal(400, 'BAD-ARGUMENTS', 'give sasUrl or blobName, not both: a SAS URL names its blob');
}
