import type { Config } from '../../config/schema.ts';
import { isJsonObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Reading } from './desired.ts';
import type { Setting } from './setting.ts';
import type { SettingsTable } from './table.ts';
import { differing } from './saved-settings.ts';
import type { TrialState } from './trial.ts';

/** In the form of IoT Plug and Play (protocol.md 7). */
export interface Acknowledgement {
  readonly value?: unknown;
  /** 200 in force, 202 being tried, 400 refused, 500 not kept. */
  readonly ac: number;
  /** The version of the desired properties that it answers. */
  readonly av: number;
  readonly ad: string;
}

/** By component, and by property in it; a component that is itself refused has its own under `''`. */
export type Acknowledgements = ReadonlyMap<string, ReadonlyMap<string, Acknowledgement>>;

export interface Outcome {
  readonly reading: Reading;
  readonly connection: TrialState;
  /** A session has opened with what is on trial. */
  readonly isOpenedWithTrial: boolean;
  /** With what is in force now. */
  readonly config: Config;
  /** What holds in place of settings that hold for a time, once that is over. */
  readonly lapsed?: Config | undefined;
  readonly confirmMs: number;
  readonly version: number;
  /** Why what was asked for could not be saved, if so: nothing of it is in force. */
  readonly failure?: string | undefined;
}

/** As long as the twin's strings may be, and no more of them than the reported properties have room for (protocol.md 4). */
const longestValue = 4096;
const longestText = 512;
const mostStrangers = 20;

/** What is to stand in the reported properties for what was asked for. */
export function acknowledgements(table: SettingsTable, outcome: Outcome): Acknowledgements {
  const all = new Map<string, Map<string, Acknowledgement>>();
  const put = (component: string, name: string, { ad, ...rest }: Acknowledgement): void => {
    const section = all.get(component) ?? new Map<string, Acknowledgement>();
    all.set(component, section.set(name, { ...rest, ad: cut(ad) }));
  };
  for (const setting of table.settings) {
    const acknowledgement = answerTo(setting, table, outcome);
    if (acknowledgement !== undefined) put(setting.component, setting.name, acknowledgement);
  }
  for (const { component, name = '', problem } of outcome.reading.strangers.slice(0, mostStrangers))
    put(component, name, { ac: 400, av: outcome.version, ad: problem });
  return all;
}

function answerTo(setting: Setting, table: SettingsTable, outcome: Outcome): Acknowledgement | undefined {
  const { reading, connection, config, version: av, failure } = outcome;
  const held = valueFor(setting, setting.read(config));
  const problem = reading.refused.get(setting.id);
  if (problem !== undefined) return { ...held.value, ac: 400, av, ad: problem };
  const asked = reading.wanted.get(setting.id);
  if (failure !== undefined)
    return asked === undefined ? undefined : { ...held.value, ac: 500, av, ad: failure };
  if (setting.reconnects === true && connection.name === 'trying') {
    const isTried = differing(connection.confirmed, connection.wanted).includes(setting.id);
    if (isTried) return { ...valueFor(setting, asked).value, ac: 202, av, ad: beingTried(table, outcome) };
  }
  if (setting.reconnects === true && connection.name === 'reverted') {
    const isReverted = differing(connection.confirmed, connection.refused).includes(setting.id);
    if (isReverted) return { ...held.value, ac: 500, av, ad: `reverted: ${connection.why}` };
  }
  if (asked === undefined) return undefined;
  if (setting.lapses === true && outcome.lapsed !== undefined) {
    const ad = 'applied; its time is over, and it is as configured again';
    return { ...valueFor(setting, setting.read(outcome.lapsed)).value, ac: 200, av, ad };
  }
  const { value, note } = valueFor(setting, asked);
  return { ...value, ac: 200, av, ad: `applied${note}` };
}

function beingTried({ formatDuration }: SettingsTable, { isOpenedWithTrial, confirmMs }: Outcome): string {
  return isOpenedWithTrial
    ? 'being tried: connected with it'
    : `being tried: kept if connected again within ${formatDuration(confirmMs)}`;
}

/** What may be shown of a value. */
function valueFor({ secret }: Setting, value: unknown): { value: { value?: unknown }; note: string } {
  if (value === undefined) return { value: {}, note: '' };
  if (secret === true) return { value: { value: '[secret]' }, note: '; it is a secret and not shown' };
  if (Buffer.byteLength(JSON.stringify(value)) > longestValue)
    return { value: {}, note: '; the value is too long to be repeated here' };
  return { value: { value }, note: '' };
}

function cut(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}

/** Whether a reported value is an acknowledgement, from this session or an earlier one. */
export function isAcknowledgement(value: unknown): value is JsonObject {
  return isJsonObject(value) && typeof value['ac'] === 'number' && typeof value['av'] === 'number';
}
