import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unknownFields, validate } from './kubernetes-schemas.ts';
import { Manifests } from './manifests.ts';
import type { Manifest } from './manifests.ts';

/** Of Kubernetes' smallest jobs. */
const job = (container: object, spec: object = {}): Manifest =>
  ({
    ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'small' } },
    spec: { ...spec, template: { spec: { containers: [{ name: 'only', ...container }] } } },
  }) as Manifest;

describe('the manifests for Kubernetes', () => {
  const all = ['soak', 'agent'].flatMap((folder) => {
    const { resources, secrets } = new Manifests(folder);
    return [...resources, ...secrets].map((manifest) => ({ folder, manifest }));
  });

  for (const { folder, manifest } of all)
    it(`${folder}: ${manifest.kind} ${manifest.metadata.name} is as its schema wants it`, () => {
      validate(manifest);
    });

  it('have no field that Kubernetes does not know', () => {
    assert.deepEqual(unknownFields(all.map(({ manifest }) => manifest)), []);
  });
});

describe('the check of manifests', () => {
  it('finds a value of another type, and what is missing', () => {
    assert.throws(() => {
      validate(job({}, { completions: 'four' }));
    }, /completions must be integer/);
    assert.throws(() => {
      validate(job({ name: undefined }));
    }, /must have required property name/);
  });

  it('finds a field that is misspelt, however deep', () => {
    const [problem, ...more] = unknownFields([
      job({ securityContext: { readOnlyRootFilesystem: true } }),
      job({ securityContext: { readOnlyRootFileSystem: true } }),
    ]);
    assert.match(problem ?? '', /readOnlyRootFileSystem"' does not exist in type/);
    assert.deepEqual(more, []);
  });
});
