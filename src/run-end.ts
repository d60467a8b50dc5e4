interface BadEndMeaning {
  /** A sentence. */
  readonly meaning: string;
  /** What a person should look at, or type. */
  readonly remedy: string;
}

/** How a run can have ended that did not end in order, as the next one sees it. The codes are stable. */
export const badEnds = {
  'RUN-KILLED': {
    meaning:
      'the run before did not end in order: its process was killed or failed while the machine went on',
    remedy:
      'see what ended it (kill -9, too little memory, the watchdog, a fault of its own): journalctl -u dps-agent',
  },
  'RUN-POWER': {
    meaning: 'the run before did not end in order: the machine lost its power, crashed or was reset',
    remedy: 'check the power supply, and see what the machine logged last: journalctl -b -1 -e',
  },
} as const satisfies Record<string, BadEndMeaning>;

export type BadEndCode = keyof typeof badEnds;
