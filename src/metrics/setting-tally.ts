/** How many properties of the twin were last acknowledged as what. */
export interface SettingFigures {
  readonly applied: number;
  readonly trying: number;
  readonly refused: number;
  readonly failed: number;
}

type Acknowledged = ReadonlyMap<string, ReadonlyMap<string, { readonly ac: number }>>;

/** What stands in the twin for the settings it asks for, as of the last answer. */
export class SettingTally {
  #figures: SettingFigures = { applied: 0, trying: 0, refused: 0, failed: 0 };

  /** @param all by component and property; `ac` is IoT Plug and Play's (protocol.md 7) */
  acknowledged(all: Acknowledged): void {
    const codes = [...all.values()].flatMap((section) => [...section.values()].map(({ ac }) => ac));
    const between = (from: number, to: number): number => codes.filter((ac) => ac >= from && ac < to).length;
    this.#figures = {
      applied: between(200, 202),
      trying: between(202, 300),
      refused: between(300, 500),
      failed: between(500, Infinity),
    };
  }

  get figures(): SettingFigures {
    return this.#figures;
  }
}
