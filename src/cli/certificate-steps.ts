import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { shellWord } from '../lib/shell-word.ts';
import { authorityFile, deviceFolder, devicePair, groupFile } from './certificate-folder.ts';

const control = 'http://127.0.0.1:8080';

/** What stands in the folder beside the certificates. */
export function folderReadme(isSelfSigned: boolean): string {
  const authority = isSelfSigned
    ? []
    : [
        '- `ca.pem`, `ca.key.pem`: the root; whoever has the key can make devices',
        '- `intermediate-N.pem`, `intermediate-N.key.pem`: authorities below it, if any',
        '- `enrollment-group.json`: the body of an enrollment group for dps-agent-simulator',
      ];
  return [
    '# Test certificates, not for production',
    '',
    'Made by `dps-agent certificates create` for trying X.509 out. The private keys are not encrypted. Devices in the',
    'field get their certificates from a real authority, whose key is not on a disk.',
    '',
    ...authority,
    '- `devices/ID/cert.pem`: the certificate of a device, then the intermediates it has to show',
    '- `devices/ID/key.pem`: its private key',
    '- `devices/ID/thumbprints.txt`: what a hub or an individual enrollment may ask for',
    ...(isSelfSigned
      ? ['- `devices/ID/enrollment.json`: an individual enrollment for dps-agent-simulator']
      : []),
    '',
  ].join('\n');
}

/** What to type next, for the simulator and for a real DPS. */
export function nextSteps(directory: string, devices: readonly string[], isSelfSigned: boolean): string {
  return [
    'For testing only. Enroll at dps-agent-simulator:',
    ...(isSelfSigned ? devices.map((id) => individualCall(directory, id)) : [groupCall(directory)]),
    '',
    isSelfSigned
      ? 'At a real DPS: an individual enrollment with cert.pem as its primary certificate.'
      : `At a real DPS: add ${authorityFile} as a certificate, prove that its key is yours (dps-agent certificates verify\n` +
        '--ca DIR --code CODE), and make an enrollment group with it.',
    '',
    ...configOfFirst(directory, devices),
    '',
  ].join('\n');
}

function groupCall(directory: string): string {
  return put('enrollmentGroups/test-devices', join(directory, groupFile));
}

function individualCall(directory: string, id: string): string {
  return put(`enrollments/${id}`, join(directory, deviceFolder(id), 'enrollment.json'));
}

function put(path: string, file: string): string {
  return `  curl -X PUT ${control}/${path} -d ${shellWord(`@${file}`)}`;
}

function configOfFirst(directory: string, [first, ...others]: readonly string[]): string[] {
  if (first === undefined) return [];
  const alike = others.length === 0 ? '' : '; the others are alike, each with its own ID';
  return [
    `config.yaml of ${first}${alike}:`,
    ...configLines(directory, first),
    'For the simulator, global_endpoint and trust_bundle_cert as well: it says at its start where it is.',
  ];
}

function configLines(directory: string, id: string): string[] {
  const { certificate, privateKey } = devicePair(id);
  const uri = (path: string): string => pathToFileURL(join(directory, path)).href;
  return [
    '  provisioning:',
    '    source: dps',
    '    scope_id: …',
    '    attestation:',
    '      method: x509',
    `      registration_id: "${id}"`,
    `      identity_cert: "${uri(certificate)}"`,
    `      identity_pk: "${uri(privateKey)}"`,
  ];
}
