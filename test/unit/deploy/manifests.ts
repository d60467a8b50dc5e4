import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { load } from 'js-yaml';

const kubernetes = join(import.meta.dirname, '..', '..', '..', 'deploy', 'kubernetes');

/** Whatever has an `apiVersion` and a `kind`. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

export interface Kustomization {
  readonly namespace: string;
  readonly resources: readonly string[];
  readonly secretGenerator: readonly { readonly name: string; readonly envs: readonly string[] }[];
  readonly images: readonly { readonly name: string; readonly newTag: string }[];
}

/** One folder of `deploy/kubernetes`, as kustomize puts it together. */
export class Manifests {
  readonly kustomization: Kustomization;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = join(kubernetes, folder);
    this.kustomization = load(this.text('kustomization.yaml')) as Kustomization;
  }

  /** By the names that stand in the folder. */
  get files(): string[] {
    return readdirSync(this.#folder).sort();
  }

  text(file: string): string {
    return readFileSync(join(this.#folder, file), 'utf8');
  }

  get resources(): Manifest[] {
    return this.kustomization.resources.map((file) => load(this.text(file)) as Manifest);
  }

  /** Of the file that a user copies and fills in. */
  get secrets(): Manifest[] {
    return this.kustomization.secretGenerator.map(({ name, envs }) => ({
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name } },
      data: Object.assign({}, ...envs.map((file) => parseEnv(this.text(`${file}.example`)))) as object,
    }));
  }

  /** The only one of its kind. */
  the(kind: string): Manifest {
    const [found, ...more] = [...this.resources, ...this.secrets].filter((each) => each.kind === kind);
    if (found !== undefined && more.length === 0) return found;
    throw new Error(`cannot find one ${kind} in ${this.#folder}`);
  }
}
