import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextSteps } from '../../../src/cli/certificate-steps.ts';
import { parseConfig } from '../../../src/config/parse.ts';

describe('what to type after certificates were made', () => {
  it('has lines for config.yaml that the agent takes, wherever the folder is', () => {
    const steps = nextSteps("/srv/bench's test #1", ['gw-1', 'gw-2'], false);
    const lines = steps.slice(steps.indexOf('  provisioning:'), steps.indexOf('For the simulator,'));
    const { config } = parseConfig(lines.replace('…', '0ne1'), 'config.yaml');
    const { attestation } = config.provisioning;
    assert.ok(
      attestation.method === 'x509' && 'primary' in attestation && attestation.primary.kind === 'files',
    );
    assert.equal(attestation.primary.certificate, "/srv/bench's test #1/devices/gw-1/cert.pem");
    assert.equal(attestation.primary.privateKey, "/srv/bench's test #1/devices/gw-1/key.pem");
  });

  it('enrolls a group for an authority, and each device that signs for itself', () => {
    assert.deepEqual(calls(nextSteps('/x', ['a', 'b'], false)), ['enrollmentGroups/test-devices']);
    assert.deepEqual(calls(nextSteps('/x', ['a', 'b'], true)), ['enrollments/a', 'enrollments/b']);
  });

  it('is quoted where a shell would take it apart', () => {
    const steps = nextSteps("/srv/bench's", ['a'], false);
    assert.ok(steps.includes(String.raw`-d '@/srv/bench'\''s/enrollment-group.json'`), steps);
  });
});

function calls(steps: string): (string | undefined)[] {
  return [...steps.matchAll(/curl -X PUT http:\/\/127\.0\.0\.1:8080\/(\S+) -d @/g)].map(([, path]) => path);
}
