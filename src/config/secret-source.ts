import type { Secret } from '../lib/secret.ts';

/** Where a secret stands: in the configuration itself, or in a place that it refers to. */
export type SecretSource =
  | { readonly kind: 'plain'; readonly value: Secret }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string }
  /** A file in systemd's `$CREDENTIALS_DIRECTORY`. */
  | { readonly kind: 'credential'; readonly name: string };
