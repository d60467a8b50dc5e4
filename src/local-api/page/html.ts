/** Text that is HTML already: everything else is escaped where it is put in. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Html | string | number | undefined | readonly Content[];

/**
 * HTML with values put in, each escaped unless it is HTML itself; lists are joined, and `undefined` is nothing. It is not called
 * `html`, because the formatter would move white space about in it, on which the policy for scripts and styles depends.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  const [first = '', ...rest] = parts;
  return new Html(first + rest.map((part, index) => textOf(values[index]) + part).join(''));
}

function textOf(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'object') return content.map(textOf).join('');
  return String(content).replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
