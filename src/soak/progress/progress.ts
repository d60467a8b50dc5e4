import type { Scene } from './moment.ts';

/** Whoever tells how a run is getting on, from its first agent to its last message. */
export interface Progress {
  begin(scene: Scene): void;
  /** Nothing is told any more. */
  end(): void;
}

/** Tells all of them. */
export function together(all: readonly Progress[]): Progress {
  return {
    begin: (scene) => {
      for (const each of all) each.begin(scene);
    },
    end: () => {
      for (const each of all) each.end();
    },
  };
}
