import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import type { IJob } from 'kubernetes-models/batch/v1';
import type { IConfigMap, IContainer, IPodSpec, ISecret } from 'kubernetes-models/v1';
import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { parseLayers } from '../../../src/config/parse.ts';
import { verbs } from '../../../src/cli/verbs.ts';
import { estimate } from '../../../src/soak/azure-estimate.ts';
import { parseCommandLine } from '../../../src/soak/command-line.ts';
import type { RunLine } from '../../../src/soak/command-line.ts';
import { faultKinds } from '../../../src/soak/faults/kinds.ts';
import { parseScenario } from '../../../src/soak/scenario/parse-scenario.ts';
import { total } from '../../../src/soak/scenario/schedule.ts';
import { Manifests } from './manifests.ts';

const project = join(import.meta.dirname, '..', '..', '..');
const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string };
const dockerfile = readFileSync(join(project, 'Dockerfile'), 'utf8');

const soak = new Manifests('soak');
const agent = new Manifests('agent');
const job = soak.the('Job') as IJob;
const set = agent.the('StatefulSet') as IStatefulSet;
const folders = [
  { name: 'soak', manifests: soak, pod: podOf(job.spec?.template.spec) },
  { name: 'agent', manifests: agent, pod: podOf(set.spec?.template.spec) },
];

for (const { name, manifests, pod } of folders) {
  const container = containerOf(pod);
  describe(`deploy/kubernetes/${name}`, () => {
    it('has nothing that kustomize is not told of', () => {
      const { resources, secretGenerator } = manifests.kustomization;
      const examples = secretGenerator.flatMap(({ envs }) => envs.map((file) => `${file}.example`));
      const expected = [...resources, ...examples, '.gitignore', 'kustomization.yaml'].sort();
      assert.deepEqual(
        manifests.files.filter((file) => file !== 'secret.env'),
        expected,
      );
    });

    it('is of the version that it stands beside', () => {
      assert.equal(container.image, `dps-agent${name === 'soak' ? '-soak' : ''}:${version}`);
      const [image, ...more] = manifests.kustomization.images;
      assert.deepEqual([image?.name, image?.newTag, more], [container.image.split(':')[0], version, []]);
      assert.match(dockerfile, new RegExp(`^FROM base AS ${name}$`, 'm'));
    });

    it('asks for no more than the restricted profile gives, which its namespace enforces', () => {
      const { metadata } = manifests.the('Namespace') as { metadata: { labels?: Record<string, string> } };
      assert.equal(metadata.labels?.['pod-security.kubernetes.io/enforce'], 'restricted');
      const [, user] = /^USER (\d+):/m.exec(dockerfile.slice(dockerfile.indexOf('AS base'))) ?? [];
      const { runAsNonRoot, runAsUser, fsGroup, seccompProfile } = pod.securityContext ?? {};
      assert.deepEqual([runAsNonRoot, runAsUser, fsGroup], [true, Number(user), Number(user)]);
      assert.deepEqual(seccompProfile, { type: 'RuntimeDefault' });
      assert.deepEqual(container.securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      assert.equal(pod.automountServiceAccountToken, false);
      const places = (pod.volumes ?? [])
        .flatMap((volume) => Object.keys(volume))
        .filter((key) => key !== 'name');
      assert.deepEqual(
        places.filter((place) => !['emptyDir', 'secret', 'configMap'].includes(place)),
        [],
      );
    });

    it('is bounded in everything that it takes of its machine', () => {
      for (const what of ['cpu', 'memory']) {
        assert.ok(container.resources?.limits?.[what], `limit of ${what}`);
        assert.ok(container.resources.requests?.[what], `request of ${what}`);
      }
      for (const { name: volume, emptyDir } of pod.volumes ?? [])
        if (emptyDir !== undefined) assert.ok(emptyDir.sizeLimit, `sizeLimit of ${volume}`);
      assert.ok((pod.terminationGracePeriodSeconds ?? 0) >= 30);
    });

    it('mounts what it has, and has what it mounts', () => {
      const claims = name === 'agent' ? (set.spec?.volumeClaimTemplates ?? []) : [];
      const had = [...(pod.volumes ?? []), ...claims.flatMap(({ metadata }) => metadata ?? [])];
      const mounted = (container.volumeMounts ?? []).map((mount) => mount.name);
      assert.deepEqual(had.map((each) => each.name).sort(), [...mounted].sort());
      const roots = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
      assert.ok(roots.includes('/var/lib/dps-agent'), 'what is written has a place');
    });

    it('has no secret in it, and gets each from a Secret that has it', () => {
      const [example, ...more] = manifests.secrets as ISecret[];
      assert.deepEqual(more, []);
      assert.deepEqual([...new Set(Object.values(example?.data ?? {}))], ['']);
      assert.match(manifests.text('.gitignore'), /^secret\.env$/m);
      for (const file of manifests.files) {
        if (file === 'secret.env') continue;
        assert.doesNotMatch(manifests.text(file), /[A-Za-z0-9+/]{43}=|SharedAccess|PRIVATE KEY/, file);
      }
      const given = (container.env ?? []).flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []);
      for (const { name: secret, key } of given) {
        assert.equal(secret, example?.metadata?.name);
        assert.ok(Object.hasOwn(example?.data ?? {}, key), key);
      }
      for (const { secret } of pod.volumes ?? [])
        if (secret !== undefined) assert.equal(secret.secretName, example?.metadata?.name);
    });
  });
}

describe('the soak on Kubernetes', () => {
  const container = containerOf(podOf(job.spec?.template.spec));
  const line = runLine(0);
  const scenario = scenarioOf(line);
  const indexes = job.spec?.completions ?? 0;

  it('runs by a command line that the soak understands', () => {
    assert.equal(container.args?.[0], 'dps-agent-soak');
    assert.equal(line.target, 'azure');
    assert.equal(line.host, 'in-process');
    assert.ok(line.json, 'the verdict is in the log, where it outlasts the pod');
  });

  it('is a fleet of its own for each index: no name is in two', () => {
    const prefixes = Array.from({ length: indexes }, (_, index) => runLine(index).namePrefix);
    assert.equal(new Set(prefixes).size, indexes);
    assert.equal(job.spec?.completionMode, 'Indexed');
    assert.equal(job.spec.parallelism, indexes);
    assert.equal(job.spec.podReplacementPolicy, 'Failed');
  });

  it('starts none a second time, and ends', () => {
    assert.equal(job.spec?.backoffLimitPerIndex, 0);
    assert.equal(job.spec.template.spec?.restartPolicy, 'Never');
    const startS = 120 + 0.2 * (line.agents ?? 0);
    const leastS = startS + (total(scenario.phases) + scenario.calmMs) / 1000;
    const deadlineS = job.spec.activeDeadlineSeconds ?? 0;
    assert.ok(deadlineS > leastS && deadlineS < 2 * leastS, `${deadlineS} s for ${leastS} s`);
  });

  it('asks DPS no more often than it takes, and sends no more than it may', () => {
    const agents = line.agents ?? scenario.agents;
    assert.ok(agents * indexes <= scenario.limits.registrationsPerMinute);
    const { messages } = estimate({ ...scenario, agents }, total(scenario.phases));
    // Four fifths of what may be sent are posted: docs/soak.md.
    assert.ok(messages <= 0.8 * (line.maxMessages ?? 0), `${messages} messages`);
  });

  it('has faults that can be made at Azure', () => {
    const local = new Set(faultKinds.filter(({ isLocal }) => isLocal === true).map(({ name }) => name));
    const planned = scenario.phases.flatMap(({ faults }) => faults.map(({ kind }) => kind));
    assert.ok(planned.length > 2);
    assert.deepEqual(
      planned.filter((kind) => !local.has(kind)),
      [],
    );
  });

  it('writes only where there is room', () => {
    const run = container.volumeMounts?.find(({ name }) => name === 'run');
    assert.ok(line.out?.startsWith(`${run?.mountPath ?? '?'}/`));
  });

  it('is watched by Prometheus at the port where it tells how it is getting on', () => {
    const { spec } = soak.the('PodMonitor') as IPodMonitor;
    const [endpoint, ...more] = spec.podMetricsEndpoints ?? [];
    const port = container.ports?.find(({ name }) => name === endpoint?.port);
    assert.deepEqual([port?.containerPort, endpoint?.path, more], [line.metricsPort, '/metrics', []]);
    assert.deepEqual(spec.selector.matchLabels, job.spec?.template.metadata?.labels);
  });

  /** As Kubernetes fills it in. */
  function runLine(index: number): RunLine {
    const [, ...args] = (container.args ?? []).map((arg) =>
      arg.replace('$(JOB_COMPLETION_INDEX)', String(index)),
    );
    const parsed = parseCommandLine(args);
    assert.ok(parsed.verb === 'run');
    return parsed;
  }

  function scenarioOf({ scenario: path }: RunLine): ReturnType<typeof parseScenario> {
    const { data, metadata } = soak.the('ConfigMap') as IConfigMap;
    const volume = job.spec?.template.spec?.volumes?.find(
      ({ configMap }) => configMap?.name === metadata?.name,
    );
    const mount = container.volumeMounts?.find(({ name }) => name === volume?.name);
    const file = path.replace(`${mount?.mountPath ?? '?'}/`, '');
    return parseScenario(data?.[file] ?? '', path, faultKinds);
  }
});

describe('agents on Kubernetes', () => {
  const container = containerOf(podOf(set.spec?.template.spec));

  it('have a configuration that the agent takes, each with its own name', () => {
    const environment = Object.fromEntries(
      (container.env ?? []).flatMap(({ name, value }) =>
        value === undefined ? [] : [[name, value.replace('$(POD_NAME)', 'gateway-1')]],
      ),
    );
    const { config, warnings } = parseLayers({ file: 'none', main: undefined, dropIns: [], environment });
    assert.deepEqual(warnings, []);
    assert.ok(config.provisioning.source === 'dps');
    assert.equal(config.provisioning.attestation.registrationId, 'gateway-1');
  });

  it('have each a key of its own in the Secret, mounted where their configuration looks for it', () => {
    const names = Array.from(
      { length: set.spec?.replicas ?? 0 },
      (_, index) => `${set.metadata?.name ?? ''}-${index}`,
    );
    const [secret] = agent.secrets as ISecret[];
    assert.deepEqual(Object.keys(secret?.data ?? {}), names);
    const mount = container.volumeMounts?.find(({ name }) => name === 'keys');
    const key = container.env?.find(({ name }) => name.endsWith('SYMMETRIC_KEY'))?.value;
    assert.deepEqual([`file://${mount?.mountPath ?? ''}`, mount?.subPathExpr], [key, '$(POD_NAME)']);
  });

  it('are asked for their health as the image has it', () => {
    const healthcheck = /^HEALTHCHECK (.*) CMD (\[.*\])$/m.exec(dockerfile);
    assert.deepEqual(container.livenessProbe?.exec?.command, JSON.parse(healthcheck?.[2] ?? 'null'));
    const options = Object.fromEntries(
      [...(healthcheck?.[1] ?? '').matchAll(/--([a-z-]+)=(\S+)/g)].map(([, name = '', value = '']) => [
        name,
        value,
      ]),
    );
    const { periodSeconds, timeoutSeconds, initialDelaySeconds, failureThreshold } =
      container.livenessProbe ?? {};
    assert.deepEqual(
      [periodSeconds, timeoutSeconds, initialDelaySeconds].map((seconds) => `${seconds ?? '?'}s`),
      [options['interval'], options['timeout'], options['start-period']],
    );
    assert.equal(String(failureThreshold), options['retries']);
    assert.ok(verbs.some(({ name }) => name === container.livenessProbe?.exec?.command?.[1]));
  });

  it('keep their state, and are never two of one name', () => {
    const [claim, ...more] = set.spec?.volumeClaimTemplates ?? [];
    assert.deepEqual([claim?.metadata?.name, more], ['state', []]);
    assert.deepEqual(claim?.spec?.accessModes, ['ReadWriteOncePod']);
    const service = agent.the('Service');
    assert.equal(set.spec?.serviceName, service.metadata.name);
  });
});

function podOf(spec: IPodSpec | undefined): IPodSpec {
  assert.ok(spec);
  return spec;
}

function containerOf({ containers }: IPodSpec): IContainer {
  const [container, ...more] = containers;
  assert.ok(container);
  assert.deepEqual(more, []);
  return container;
}
