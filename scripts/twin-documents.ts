// Writes docs/twin.md's table and docs/models/dps-agent-1.json from src/twin-settings.ts and src/twin/reported; a test holds them together.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { parseConfig } from '../src/config/parse.ts';
import { deviceMethods } from '../src/device-methods.ts';
import type { MethodPorts } from '../src/device-methods.ts';
import { deviceWork } from '../src/device-work.ts';
import { requestModel } from '../src/methods/arguments.ts';
import { twinSettings } from '../src/twin-settings.ts';
import { modelId } from '../src/twin/model-id.ts';
import { deviceInformationId, factModel } from '../src/twin/reported/model.ts';
import type { Schema } from '../src/twin/settings/kinds.ts';
import type { Setting } from '../src/twin/settings/setting.ts';
import { componentsIn } from '../src/twin/settings/table.ts';

const docs = join(import.meta.dirname, '..', 'docs');
export const twinDocumentPath = join(docs, 'twin.md');
export const modelPath = join(docs, 'models', 'dps-agent-1.json');

type Json = Readonly<Record<string, unknown>>;

const begin = '<!-- made from src/twin/settings by npm run docs -->';
const end = '<!-- end of what is made -->';
const context = 'dtmi:dtdl:context;2';
const longestDescription = 512;

/** The document with its table of settings as the source has it now. */
export function twinDocument(text: string): string {
  const [before, rest = ''] = text.split(begin);
  const [, after = ''] = rest.split(end);
  return [before ?? '', begin, '\n\n', table(), '\n', end, after].join('');
}

/** The model as DTDL v2: the gateway, and an interface for each of its components. */
export function model(): Json[] {
  const facts = new Map<string, Readonly<Record<string, Schema>>>(Object.entries(factModel));
  const components = [...new Set([...componentsIn(twinSettings), ...facts.keys()])];
  const interfaces = components.map((component) => ({
    '@context': context,
    '@id': idOf(component),
    '@type': 'Interface',
    displayName: component,
    contents: [
      ...twinSettings.settings.filter((setting) => setting.component === component).map(property),
      ...twinSettings.actions
        .filter((action) => action.component === component)
        .map(({ name, description }) => writable(name, description, 'string')),
      ...Object.entries(facts.get(component) ?? {}).map(([name, schema]) => ({
        '@type': 'Property',
        name,
        schema,
      })),
    ],
  }));
  const gateway = {
    '@context': context,
    '@id': modelId,
    '@type': 'Interface',
    displayName: 'A gateway with dps-agent',
    contents: [
      ...components.map((name) => ({ '@type': 'Component', name, schema: idOf(name) })),
      { '@type': 'Component', name: 'deviceInformation', schema: deviceInformationId },
      ...Object.entries(measured).map(([name, schema]) => ({ '@type': 'Telemetry', name, schema })),
      ...commands(),
    ],
  };
  return [gateway, ...interfaces];
}

/** What an input of type system measures, where the machine has it. */
const measured = {
  cpuPercent: 'double',
  temperatureC: 'double',
  networkReceivedBytes: 'double',
  networkSentBytes: 'double',
  diskTotalBytes: 'double',
  diskAvailableBytes: 'double',
} as const;

/** Stands for what methods reach into when they are called, which nobody does here. */
const unused = new Proxy(() => undefined, {
  get: (_, key): unknown => (key === Symbol.toPrimitive ? () => 0 : unused),
  apply: (): unknown => unused,
}) as never;

/** Every method with its arguments, as the agent's own table has it. */
function commands(): Json[] {
  const ports: MethodPorts = unused;
  const work = deviceWork(unused, '/', unused);
  const { methods } = deviceMethods({ ...ports, others: work.methods }, unused);
  return methods.map((method) => {
    const schema = requestModel(method);
    const request = schema === undefined ? {} : { request: { name: 'arguments', schema } };
    return { '@type': 'Command', name: method.name, ...request };
  });
}

function table(): string {
  const rows = twinSettings.settings.map((setting) => {
    const { component, name, description, kind, reconnects = false, secret = false } = setting;
    const unit = setting.unit === undefined ? '' : `, in ${setting.unit}s`;
    const preset = secret ? '' : byDefault(setting);
    const marks = [reconnects ? 'tried first' : '', secret ? 'never shown' : ''].filter(
      (mark) => mark !== '',
    );
    const cells = [`\`${component}.${name}\``, description, `${kind.words}${unit}`, preset, marks.join(', ')];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  const actions = twinSettings.actions.map(
    ({ component, name, description }) => `| \`${component}.${name}\` | ${description} | | | done once |`,
  );
  return [
    '| property | what it is | values | as configured by default | |',
    '| --- | --- | --- | --- | --- |',
  ]
    .concat(rows, actions, '')
    .join('\n');
}

function byDefault({ read }: Setting): string {
  const least =
    'provisioning: {source: dps, scope_id: x, attestation: {method: symmetric_key, registration_id: x, symmetric_key: "env:KEY"}}';
  const value = read(parseConfig(least, 'config.yaml').config);
  return value === undefined ? '' : `\`${JSON.stringify(value)}\``;
}

function property({ name, description, kind }: Setting): Json {
  return writable(name, description, kind.schema);
}

function writable(name: string, description: string, schema: unknown): Json {
  const short =
    description.length > longestDescription ? description.slice(0, longestDescription) : description;
  return { '@type': 'Property', name, description: short, schema, writable: true };
}

function idOf(component: string): string {
  const [base = '', version = ''] = modelId.split(';');
  return `${base}:${component};${version}`;
}

if (process.argv[1] === import.meta.filename) {
  await writeFile(twinDocumentPath, twinDocument(await readFile(twinDocumentPath, 'utf8')));
  await writeFile(modelPath, `${JSON.stringify(model(), undefined, 2)}\n`);
}
