/**
 * What a value looks like in the file, as JSON Schema says it. It is for editors only: the program itself goes by the
 * parsers, which tell people more. So a form may be wider than its parser, and never narrower.
 */
export interface Form {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Form;
  readonly minItems?: number;
  readonly minProperties?: number;
  readonly additionalProperties?: Form;
  readonly anyOf?: readonly Form[];
}

const words: Form = { type: 'array', items: { type: 'string' }, minItems: 1 };

export const forms = {
  text: { type: 'string' },
  someText: { type: 'string', minLength: 1 },
  fileUri: { type: 'string', pattern: '^file:///' },
  absolutePath: { type: 'string', pattern: '^/' },
  /** In so many words, or as file:///…, env:… or credential:… */
  secret: { type: 'string', minLength: 1 },
  registrationId: { type: 'string', pattern: '^[A-Za-z0-9._:-]{0,127}[A-Za-z0-9-]$' },
  host: { type: 'string', pattern: '^\\S+$' },
  url: { type: 'string', pattern: '^[A-Za-z]+://\\S+$' },
  httpsUrl: { type: 'string', pattern: '^[Hh][Tt][Tt][Pp][Ss]://\\S+$' },
  httpUrl: { type: 'string', pattern: '^[Hh][Tt][Tt][Pp][Ss]?://' },
  brokerUrl: { type: 'string', pattern: '^[Mm][Qq][Tt][Tt][Ss]?://' },
  /** A share of a lifetime, or a duration. */
  share: { type: 'string', pattern: '^(\\d{1,3}(\\.\\d+)?\\s*%|\\d+(\\.\\d+)?|(\\d+(d|h|m|s|ms))+)$' },
  user: { type: ['string', 'integer'], pattern: '^(\\d{1,10}|[A-Za-z_][A-Za-z0-9_.-]{0,31}\\$?)$' },
  socketMode: { enum: ['0600', '0660', '600', '660', 384, 432, 600, 660] },
  command: words,
  texts: { type: 'object', additionalProperties: { type: 'string' } },
  someTexts: { type: 'object', additionalProperties: { type: 'string' }, minProperties: 1 },
  hosts: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
  argumentPatterns: {
    anyOf: [
      { type: 'array', items: { type: 'string' } },
      { type: 'object', additionalProperties: { type: 'string' } },
    ],
  },
  band: {
    anyOf: [
      { type: 'number', minimum: 0 },
      { type: 'string', pattern: '^(any|\\d+(\\.\\d+)? ?%)$' },
    ],
  },
} as const satisfies Readonly<Record<string, Form>>;

/** One of the words, or a list of them. */
export function oneOrMore(choices: readonly string[]): Form {
  return { anyOf: [{ enum: choices }, listOf(choices)] };
}

export function listOf(choices: readonly string[]): Form {
  return { type: 'array', items: { enum: choices }, minItems: 1 };
}
