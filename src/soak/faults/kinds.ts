import { certificateKinds } from './certificate-kinds.ts';
import { clockJump } from './clock-jump.ts';
import { cloudKinds } from './cloud-kinds.ts';
import { diskFull } from './disk-full.ts';
import type { FaultKind } from './fault-kind.ts';
import { hubMoved } from './hub-moved.ts';
import { keyKinds } from './keys-rotated.ts';
import { processKinds } from './process-kinds.ts';
import { simulatorKinds } from './simulator-kinds.ts';
import { wireKinds } from './wire-kinds.ts';

/** By what they act on: the list of docs/soak-faults.md. */
export const faultKindGroups: readonly { readonly title: string; readonly kinds: readonly FaultKind[] }[] = [
  { title: 'Processes', kinds: processKinds },
  { title: 'The way', kinds: wireKinds },
  { title: 'The machine', kinds: [diskFull, clockJump] },
  { title: 'The cloud', kinds: cloudKinds },
  { title: 'Identities', kinds: [hubMoved, ...keyKinds, ...certificateKinds] },
  { title: 'The simulator’s own', kinds: simulatorKinds },
];

/** Everything that can go wrong in a soak. */
export const faultKinds: readonly FaultKind[] = faultKindGroups.flatMap(({ kinds }) => kinds);
