/**
 * What config.example.yaml says of each key, by its path: the comment before it. Where several keys are shown together, each
 * has the comment of all. In the path of a key of an input stands the type of the input, unless every input has that key:
 * `telemetry.inputs.file.path`, `telemetry.inputs.name`.
 */
export function commentsOf(example: string): ReadonlyMap<string, string> {
  const reader = new CommentReader();
  for (const line of example.split('\n')) reader.read(line);
  return reader.comments;
}

interface Key {
  readonly indent: number;
  readonly word: string;
}

class CommentReader {
  readonly comments = new Map<string, string>();
  #prose: string[] = [];
  #isAfterKey = false;
  #above: readonly Key[] = [];
  /** Of the input that is being shown. */
  #type = '';

  read(line: string): void {
    const said = /^ *# (?! )(.*)$/.exec(line)?.[1];
    if (said !== undefined) this.#say(said);
    else if (line.trim() === '') this.#prose = [];
    else this.#key(line);
  }

  #say(text: string): void {
    if (text === 'For example:') return;
    if (this.#isAfterKey) this.#prose = [];
    this.#isAfterKey = false;
    this.#prose.push(text);
  }

  /** `key: value` as it stands, behind a # or in an example; `- name: x` begins an element of the list above. */
  #key(line: string): void {
    const parts =
      /^(?<start> *)(?:#(?: {3})?)?(?<space> *)(?<dash>- )?(?<word>[a-z_]+):(?: (?<value>\w*)|$)/.exec(
        line.replace(/^( *)#(?= {2}[a-z])/, '$1'),
      )?.groups;
    if (parts === undefined) return;
    const { start = '', space = '', dash = '', word = '', value = '' } = parts;
    const indent = start.length + space.length + dash.length;
    this.#isAfterKey = true;
    this.#above = [...this.#above.filter((key) => key.indent < indent), { indent, word }];
    if (dash !== '') this.#type = '';
    if (this.#path() === 'telemetry.inputs.type') this.#type = value;
    if (this.#prose.length > 0) this.#note(this.#path(), this.#prose.join(' '));
  }

  #path(): string {
    return this.#above.map(({ word }) => word).join('.');
  }

  #note(path: string, text: string): void {
    const paths = [
      path.replace(/^telemetry\.inputs\.(?=.)/, `$&${this.#type}.`),
      // The system's input is the one that shows what all of them have.
      ...(['', 'system'].includes(this.#type) ? [path] : []),
    ];
    for (const each of paths) if (!this.comments.has(each)) this.comments.set(each, text);
  }
}
