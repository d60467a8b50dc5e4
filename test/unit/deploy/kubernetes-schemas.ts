import { join } from 'node:path';
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { StatefulSet } from 'kubernetes-models/apps/v1';
import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import { Job } from 'kubernetes-models/batch/v1';
import type { IJob } from 'kubernetes-models/batch/v1';
import { ConfigMap, Namespace, Secret, Service } from 'kubernetes-models/v1';
import type { IConfigMap, INamespace, ISecret, IService } from 'kubernetes-models/v1';
import ts from 'typescript';
import type { Manifest } from './manifests.ts';

/** What Kubernetes' own schemas say of a manifest: a wrong value, something missing. Throws with what and where. */
export function validate(manifest: Manifest): void {
  schemaOf(manifest).validate(manifest);
}

/**
 * Fields that Kubernetes does not have. A schema lets them pass, and `kubectl` warns at best; the compiler does not: each
 * manifest is a literal of its type.
 */
export function unknownFields(manifests: readonly Manifest[]): string[] {
  const text = manifests.map(asLiteral).join('\n');
  const options: ts.CompilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022 },
    ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  };
  const host = ts.createCompilerHost(options);
  const real = { ...host };
  host.fileExists = (name) => name === virtualFile || real.fileExists(name);
  host.readFile = (name) => (name === virtualFile ? text : real.readFile(name));
  const program = ts.createProgram([virtualFile], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

interface Schema {
  readonly module: string;
  validate(manifest: unknown): void;
}

const schemas: Readonly<Record<string, Schema>> = {
  ConfigMap: {
    module: 'kubernetes-models/v1',
    validate: (manifest) => {
      new ConfigMap(manifest as IConfigMap).validate();
    },
  },
  Job: {
    module: 'kubernetes-models/batch/v1',
    validate: (manifest) => {
      new Job(manifest as IJob).validate();
    },
  },
  Namespace: {
    module: 'kubernetes-models/v1',
    validate: (manifest) => {
      new Namespace(manifest as INamespace).validate();
    },
  },
  PodMonitor: {
    module: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
    validate: (manifest) => {
      new PodMonitor(manifest as IPodMonitor).validate();
    },
  },
  Secret: {
    module: 'kubernetes-models/v1',
    validate: (manifest) => {
      new Secret(manifest as ISecret).validate();
    },
  },
  Service: {
    module: 'kubernetes-models/v1',
    validate: (manifest) => {
      new Service(manifest as IService).validate();
    },
  },
  StatefulSet: {
    module: 'kubernetes-models/apps/v1',
    validate: (manifest) => {
      new StatefulSet(manifest as IStatefulSet).validate();
    },
  },
};

function schemaOf({ kind }: Manifest): Schema {
  const schema = schemas[kind];
  if (schema === undefined) throw new Error(`cannot check a ${kind}: no schema is known here`);
  return schema;
}

/** Beside the packages that it imports. */
const virtualFile = join(import.meta.dirname, 'manifests-as-literals.mts');

function asLiteral(manifest: Manifest, index: number): string {
  const type = `import('${schemaOf(manifest).module}').I${manifest.kind}`;
  return `export const manifest${index}: ${type} = ${JSON.stringify(manifest)};`;
}
