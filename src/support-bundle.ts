import { arch } from 'node:os';
import type { ProgramHost } from './lib/program-host.ts';
import type { Secret } from './lib/secret.ts';
import { unitName } from './supervision/unit-name.ts';
import { bundleParts } from './uploads/bundle-parts.ts';
import type { BundleSources } from './uploads/bundle-parts.ts';
import { machineParts, systemVersions } from './uploads/bundle-machine.ts';
import type { RunProgram } from './uploads/bundle-unit.ts';
import { makeBundle } from './uploads/bundle.ts';
import type { BundleManifest } from './uploads/bundle.ts';
import { journalLines } from './uploads/journal.ts';
import { Scrubber } from './uploads/scrubber.ts';
import { agentVersion } from './version.ts';

/** What differs between the running agent, which has it all at hand, and the command line, which asks for it. */
export type AgentSources = Omit<BundleSources, 'journal' | 'versions' | 'machine'>;

export interface BundleRequest {
  readonly stateDirectory: string;
  readonly host: ProgramHost;
  readonly run: RunProgram;
  readonly nodeVersion: string;
  /** All that is known to be secret on this device. */
  readonly secrets: readonly Secret[];
  /** For the manifest: `the running agent`, or `dps-agent support-bundle`. */
  readonly madeBy: string;
  readonly maxBytes?: number;
  readonly onManifest?: (manifest: BundleManifest) => void;
}

/** As Debian's dpkg knows the program. */
const packageName = 'dps-agent';

/** How far back the journal is told of, in milliseconds. */
const journalMs = 7 * 86_400_000;

/** The support bundle of this device, made alike by the running agent and on the command line. */
export function supportBundle(sources: AgentSources, request: BundleRequest): AsyncIterable<Buffer> {
  const { host, run, stateDirectory, nodeVersion, secrets, madeBy, ...options } = request;
  const { clock, root, environment } = host;
  const parts = bundleParts({
    ...sources,
    versions: async (signal) => ({
      agent: agentVersion,
      node: nodeVersion,
      architecture: arch(),
      ...(await systemVersions({ root, run }, packageName, signal)),
    }),
    machine: machineParts({ root, stateDirectory, environment, run }, unitName),
    journal: (signal) => journalLines(unitName, { sinceMs: clock.now().getTime() - journalMs }, host, signal),
  });
  return makeBundle({
    parts,
    scrubber: new Scrubber(secrets),
    clock,
    folder: 'dps-agent-support',
    about: { madeBy },
    ...options,
  });
}
