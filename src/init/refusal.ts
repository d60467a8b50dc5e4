/** What was asked for cannot be done. The message begins "cannot" and tells a person all there is. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** There is nobody to ask, and what was given is not enough, or wrong: its message names every option concerned. */
export class Incomplete extends Error {
  override readonly name = 'Incomplete';
}
