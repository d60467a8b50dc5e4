/** What to do next: wait a little and try again, or wait long because the service (or our own credential) said no. */
export type FailureKind = 'transient' | 'rejected';

interface Failure {
  readonly kind: FailureKind;
  /** What has happened, as the end of a sentence that says what was being done. */
  readonly meaning: string;
  /** What a person should look at, or type. */
  readonly remedy: string;
}

/**
 * Every way in which the cloud, the way to it, or the credential for it can fail: one row a cause.
 * The codes are stable: they stand in the log, the twin and the documents.
 */
export const failures = {
  'NET-DNS': {
    kind: 'transient',
    meaning: 'the name cannot be resolved',
    remedy: 'check the network and the name server: getent hosts HOST',
  },
  'NET-REFUSED': {
    kind: 'transient',
    meaning: 'the connection was refused',
    remedy: 'check the endpoint’s port, and that a firewall lets it out: TCP 8883, or 443 with mqtt_ws',
  },
  'NET-UNREACHABLE': {
    kind: 'transient',
    meaning: 'there is no route to the network',
    remedy: 'check cable, Wi-Fi or modem: ip route',
  },
  'NET-TIMEOUT': {
    kind: 'transient',
    meaning: 'there was no answer in time',
    remedy: 'check that a firewall lets the port out: TCP 8883, or 443 with mqtt_ws',
  },
  'NET-RESET': {
    kind: 'transient',
    meaning: 'the connection broke',
    remedy: 'none if it happens now and then; otherwise check the link and any firewall on the way',
  },
  'NET-WEBSOCKET': {
    kind: 'transient',
    meaning: 'the server did not open a WebSocket for MQTT',
    remedy: 'check the host; a proxy or firewall on the way may not let WebSockets through',
  },
  'PROXY-407': {
    kind: 'rejected',
    meaning: 'the proxy does not accept the credentials, or wants some',
    remedy: 'check the user name and password of proxy',
  },
  'PROXY-REFUSED': {
    kind: 'transient',
    meaning: 'the proxy did not open a tunnel',
    remedy:
      'the message has the proxy’s answer; let the proxy allow CONNECT to this port, or set transport: mqtt_ws',
  },
  'PROXY-URL': {
    kind: 'transient',
    meaning: 'it is no URL of a proxy that can be used',
    remedy:
      'write http://host:port: proxies that are spoken to over TLS or SOCKS will not do; it is read anew each time',
  },
  'PROXY-UNREACHABLE': {
    kind: 'transient',
    meaning: 'the proxy cannot be reached',
    remedy: 'check host and port of proxy, and that it runs',
  },
  'TLS-UNTRUSTED': {
    kind: 'transient',
    meaning: 'the server’s certificate is not signed by a trusted authority',
    remedy: 'a proxy may be intercepting TLS; for a private authority set trust_bundle_cert',
  },
  'TLS-NOT-YET-VALID': {
    kind: 'transient',
    meaning: 'the server’s certificate is not valid yet by this device’s clock',
    remedy: 'the clock is probably behind: timedatectl',
  },
  'TLS-EXPIRED': {
    kind: 'transient',
    meaning: 'the server’s certificate has expired by this device’s clock',
    remedy: 'the clock may be ahead: timedatectl; otherwise the server needs a new certificate',
  },
  'TLS-HOSTNAME': {
    kind: 'transient',
    meaning: 'the server’s certificate is for another name',
    remedy: 'check global_endpoint; a proxy or captive portal may be answering instead',
  },
  'TLS-HANDSHAKE': {
    kind: 'transient',
    meaning: 'the TLS handshake failed',
    remedy: 'the port may not speak TLS, or the server refuses this TLS version or certificate',
  },
  'CERT-EXPIRED': {
    kind: 'rejected',
    meaning: 'the device’s own certificate has expired',
    remedy: 'replace the files of identity_cert and identity_pk; no restart is needed',
  },
  'CERT-NOT-YET-VALID': {
    kind: 'transient',
    meaning: 'the device’s own certificate is not valid yet by its clock',
    remedy: 'the clock is probably behind: timedatectl',
  },
  'CERT-UNUSABLE': {
    kind: 'rejected',
    meaning: 'the device’s own certificate and private key cannot be used',
    remedy: 'check that identity_cert and identity_pk exist, are readable and belong together',
  },
  'KEY-UNUSABLE': {
    kind: 'rejected',
    meaning: 'the device’s own key or connection string cannot be used',
    remedy:
      'put the whole key or connection string in its place, as the portal shows it; no restart is needed',
  },
  'SECRET-UNREADABLE': {
    kind: 'transient',
    meaning: 'a secret cannot be read from where the configuration says it is',
    remedy: 'check that it is there and may be read by the user the agent runs as; it is read anew each time',
  },
  'CERT-AWAITED': {
    kind: 'transient',
    meaning: 'the device has no valid certificate, and is asking the EST server for one',
    remedy: 'none if it passes; otherwise an EST-… line of the log says what is in the way',
  },
  'EST-UNREACHABLE': {
    kind: 'transient',
    meaning: 'the EST server cannot be reached, or not over TLS that can be trusted',
    remedy: 'check the EST server’s url and trusted_certs, the network, and the clock: timedatectl',
  },
  'EST-REFUSED': {
    kind: 'rejected',
    meaning: 'the EST server refused the request',
    remedy: 'the message has its status: check the bootstrap certificate, or username and password',
  },
  'EST-PENDING': {
    kind: 'transient',
    meaning: 'the EST server has not decided yet',
    remedy: 'approve the request at the EST server; it is asked again when it wishes',
  },
  'EST-ANSWER': {
    kind: 'rejected',
    meaning: 'the EST server sent an answer that cannot be used',
    remedy: 'the message says why: check the url, and the certificate profile at the EST server',
  },
  'DPS-CONNACK-1': {
    kind: 'rejected',
    meaning: 'DPS does not accept this MQTT version (CONNACK 1)',
    remedy: 'check that global_endpoint is a Device Provisioning Service',
  },
  'DPS-CONNACK-2': {
    kind: 'rejected',
    meaning: 'DPS does not accept this registration ID (CONNACK 2)',
    remedy: 'check registration_id',
  },
  'DPS-CONNACK-3': {
    kind: 'transient',
    meaning: 'DPS is unavailable, or does not know this ID scope (CONNACK 3)',
    remedy: 'check scope_id against the portal',
  },
  'DPS-CONNACK-4': {
    kind: 'rejected',
    meaning: 'DPS does not accept the user name or token (CONNACK 4)',
    remedy: 'check scope_id, registration_id and the key, and the clock: timedatectl',
  },
  'DPS-CONNACK-5': {
    kind: 'rejected',
    meaning: 'DPS does not authorize this device (CONNACK 5)',
    remedy: 'check scope_id, registration_id and the credential, and the clock: timedatectl',
  },
  'DPS-400': {
    kind: 'rejected',
    meaning: 'DPS does not understand the request',
    remedy: 'check registration_id and payload',
  },
  'DPS-401': {
    kind: 'rejected',
    meaning: 'DPS does not accept the credential, or has no enrollment for it',
    remedy: 'check the enrollment, scope_id, registration_id and the credential, and the clock: timedatectl',
  },
  'DPS-403': {
    kind: 'rejected',
    meaning: 'DPS forbids the registration',
    remedy: 'check the enrollment in the portal',
  },
  'DPS-404': {
    kind: 'rejected',
    meaning: 'DPS does not know this registration',
    remedy: 'create the enrollment, or check scope_id and registration_id',
  },
  'DPS-REFUSED': {
    kind: 'rejected',
    meaning: 'DPS refused the request',
    remedy: 'look up the error code in the message; check the enrollment in the portal',
  },
  'DPS-429': {
    kind: 'transient',
    meaning: 'DPS asks for fewer requests',
    remedy: 'none: it is tried again when DPS allows it',
  },
  'DPS-5XX': {
    kind: 'transient',
    meaning: 'DPS has trouble of its own',
    remedy: 'none: it is tried again; see the Azure status page if it lasts',
  },
  'DPS-DISABLED': {
    kind: 'rejected',
    meaning: 'the enrollment is disabled',
    remedy: 'enable the enrollment in DPS; no restart is needed',
  },
  'DPS-FAILED': {
    kind: 'rejected',
    meaning: 'DPS could not assign a hub',
    remedy: 'look up the error code in the message; check the linked hubs and the allocation policy',
  },
  'DPS-UNASSIGNED': {
    kind: 'rejected',
    meaning: 'DPS has not assigned the device to a hub yet',
    remedy: 'approve or associate the device in the service',
  },
  'DPS-TIMEOUT': {
    kind: 'transient',
    meaning: 'DPS did not finish the registration in time',
    remedy: 'none if it passes; otherwise raise provisioning.deadline',
  },
  'DPS-ANSWER': {
    kind: 'transient',
    meaning: 'DPS sent an answer that makes no sense',
    remedy: 'check that global_endpoint is a Device Provisioning Service',
  },
  'DPS-BUDGET': {
    kind: 'transient',
    meaning: 'it was asked three times within minutes, and is spared for a while',
    remedy: 'none: it is asked again within two minutes; the lines before say what led to it',
  },
  'HUB-CONNACK-1': {
    kind: 'rejected',
    meaning: 'the hub does not accept this MQTT version (CONNACK 1)',
    remedy: 'check that the assigned hub is an IoT Hub',
  },
  'HUB-CONNACK-2': {
    kind: 'rejected',
    meaning: 'the hub does not accept this device ID (CONNACK 2)',
    remedy: 'check the device in the hub',
  },
  'HUB-CONNACK-3': {
    kind: 'transient',
    meaning: 'the hub is unavailable (CONNACK 3)',
    remedy: 'none: it is tried again; see the Azure status page if it lasts',
  },
  'HUB-CONNACK-4': {
    kind: 'rejected',
    meaning: 'the hub does not accept the user name or token (CONNACK 4)',
    remedy: 'check the device in the hub, and the clock: timedatectl',
  },
  'HUB-CONNACK-5': {
    kind: 'rejected',
    meaning: 'the hub does not authorize this device (CONNACK 5)',
    remedy:
      'the device may be disabled, deleted or moved, or its key changed: look for it in the hub. Check the clock too: timedatectl',
  },
  'HUB-CLOSED': {
    kind: 'transient',
    meaning: 'the hub ended the connection',
    remedy: 'none if it happens now and then: hubs do so for maintenance',
  },
  'HUB-ACK-TIMEOUT': {
    kind: 'transient',
    meaning: 'the hub does not acknowledge messages',
    remedy: 'none if it passes; the hub may be throttling, or the link be one-way',
  },
  'HUB-KEEPALIVE': {
    kind: 'transient',
    meaning: 'the hub no longer answers: the connection is half open',
    remedy: 'none if it passes; otherwise look for a NAT or firewall that drops idle connections',
  },
  'HUB-TWIN': {
    kind: 'transient',
    meaning: 'the hub refused or did not answer a twin request',
    remedy: 'none if it passes; the twin may be over its size limit, or the hub be throttling',
  },
  'HUB-TWIN-REFUSED': {
    kind: 'rejected',
    meaning: 'the hub does not take what was to be reported in the twin',
    remedy: 'the message has its reason; the agent goes on without that report',
  },
  'HUB-METHODS': {
    kind: 'transient',
    meaning: 'the hub refused or did not answer the subscription to direct methods',
    remedy: 'none if it passes: the next session subscribes again',
  },
  'HUB-MESSAGES': {
    kind: 'transient',
    meaning: 'the hub refused or did not answer the subscription to cloud-to-device messages',
    remedy: 'none if it passes: the next session subscribes again',
  },
  'UPLOAD-OFFLINE': {
    kind: 'transient',
    meaning: 'the device has not been connected to its hub yet, which says where files go',
    remedy: 'try again when the device is connected, or give a sasUrl',
  },
  'UPLOAD-URL': {
    kind: 'rejected',
    meaning: 'the URL is none that a file can be uploaded to',
    remedy:
      'give the whole SAS URL of one blob, https://… with its signature, valid and with permission to write',
  },
  'UPLOAD-REFUSED': {
    kind: 'rejected',
    meaning: 'the hub refused the file upload',
    remedy:
      'the message has its answer: the hub needs a storage account under File upload; for 401, check device and clock',
  },
  'UPLOAD-BUSY': {
    kind: 'transient',
    meaning: 'the hub has no room for another file upload now: ten of a device are the most',
    remedy: 'none if it passes: it is tried again; uploads that were never ended are forgotten after an hour',
  },
  'UPLOAD-HUB': {
    kind: 'transient',
    meaning: 'the hub has trouble of its own with the file upload',
    remedy: 'none: it is tried again; see the Azure status page if it lasts',
  },
  'UPLOAD-STORAGE': {
    kind: 'transient',
    meaning: 'the storage has trouble of its own, or asks for fewer requests',
    remedy: 'none: it is tried again; see the Azure status page if it lasts',
  },
  'UPLOAD-STORAGE-REFUSED': {
    kind: 'rejected',
    meaning: 'the storage refused the upload',
    remedy:
      'the message has its answer: for 403 the URL has expired or may not write; check the clock too: timedatectl',
  },
  'UPLOAD-TIMEOUT': {
    kind: 'transient',
    meaning: 'the upload was not done in time',
    remedy: 'check the link; upload less at a time: since and until',
  },
  'DUPLICATE-IDENTITY': {
    kind: 'rejected',
    meaning: 'the hub ends every session within seconds',
    remedy:
      'another device is probably using this identity (a cloned card?), or the hub’s daily quota is spent',
  },
} as const satisfies Record<string, Failure>;

export type FailureCode = keyof typeof failures;

/** Whether another credential could do better. */
export function concernsCredential(code: FailureCode): boolean {
  return code.startsWith('CERT-') || credentialRefusals.has(code);
}

const credentialRefusals: ReadonlySet<FailureCode> = new Set([
  'KEY-UNUSABLE',
  'SECRET-UNREADABLE',
  'DPS-401',
  'DPS-CONNACK-4',
  'DPS-CONNACK-5',
  'HUB-CONNACK-4',
  'HUB-CONNACK-5',
]);

/** A failure of the cloud, of the way to it or of the credential for it. Its message begins "cannot …". */
export class CloudError extends Error {
  override readonly name = 'CloudError';
  readonly code: FailureCode;
  /** The service's own wish in milliseconds, a floor for the next attempt. */
  readonly retryAfterMs: number | undefined;

  /** @param doing what was being done, as in "connect to hub.example:8883" */
  constructor(code: FailureCode, doing: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    const { cause, retryAfterMs } = options;
    super(`cannot ${doing}: ${failures[code].meaning}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  get kind(): FailureKind {
    return failures[this.code].kind;
  }

  get remedy(): string {
    return failures[this.code].remedy;
  }
}
