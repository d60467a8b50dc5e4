import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { model, modelPath, twinDocument, twinDocumentPath } from '../../../../scripts/twin-documents.ts';
import { twinSettings } from '../../../../src/twin-settings.ts';
import { deviceInformationId } from '../../../../src/twin/reported/model.ts';
import { modelId } from '../../../../src/twin/model-id.ts';

type Json = Readonly<Record<string, unknown>>;

/** Every object in it, at every depth. */
function* objectsIn(value: unknown): Generator<Json> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Json;
  for (const item of Object.values(value)) yield* objectsIn(item);
}

const contentsOf = (element: Json): readonly Json[] => element['contents'] as Json[];

describe('the documents of the settings', () => {
  it('are as the source has them: otherwise npm run docs', async () => {
    const [document, models] = await Promise.all([
      readFile(twinDocumentPath, 'utf8'),
      readFile(modelPath, 'utf8'),
    ]);
    const options = await resolveConfig(twinDocumentPath);
    assert.equal(await format(twinDocument(document), { ...options, parser: 'markdown' }), document);
    assert.deepEqual(JSON.parse(models), model());
  });

  it('model every setting and action as a writable property of its component', () => {
    const properties = model()
      .slice(1)
      .flatMap((element) =>
        contentsOf(element)
          .filter(({ writable }) => writable === true)
          .map(({ name }) => `${String(element['displayName'])}.${String(name)}`),
      );
    const all = [...twinSettings.settings, ...twinSettings.actions];
    assert.deepEqual(
      properties.toSorted(),
      all.map(({ component, name }) => `${component}.${name}`).toSorted(),
    );
  });

  it('model what DTDL v2 allows: names, identifiers, lengths, and components that are there', () => {
    const interfaces = model();
    const ids = interfaces.map((element) => element['@id']);
    assert.equal(ids[0], modelId);
    for (const element of interfaces) {
      assert.match(
        String(element['@id']),
        /^dtmi:[A-Za-z][A-Za-z0-9]*(:[A-Za-z][A-Za-z0-9]*)*;[1-9]\d{0,8}$/,
      );
      assert.equal(element['@context'], 'dtmi:dtdl:context;2');
      const names = contentsOf(element).map(({ name }) => name);
      assert.equal(new Set(names).size, names.length);
    }
    for (const { name, description, schema, '@type': type } of objectsIn(interfaces)) {
      if (typeof name === 'string') assert.match(name, /^[A-Za-z](?:[A-Za-z0-9_]{0,62}[A-Za-z0-9])?$/);
      if (typeof description === 'string') assert.ok(description.length <= 512, description);
      if (type === 'Component') assert.ok(ids.includes(schema) || schema === deviceInformationId);
      else if (typeof schema === 'string')
        assert.ok(['integer', 'long', 'double', 'boolean', 'string', 'dateTime'].includes(schema), schema);
    }
  });
});
