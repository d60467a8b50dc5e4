/** Where a value in force comes from. */
export type ValueSource =
  | { readonly kind: 'default' }
  | { readonly kind: 'file' | 'drop-in'; readonly file: string; readonly line: number }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'twin'; readonly version: number };

/** For people: `default`, `config.yaml:12`, `config.d/10-site.yaml:3`, `DPS_AGENT_LOG__LEVEL`, `twin version 7`. */
export function describeSource(source: ValueSource): string {
  switch (source.kind) {
    case 'default':
      return 'default';
    case 'file':
    case 'drop-in':
      return source.line === 0 ? source.file : `${source.file}:${source.line}`;
    case 'environment':
      return source.name;
    case 'twin':
      return `twin version ${source.version}`;
  }
}
