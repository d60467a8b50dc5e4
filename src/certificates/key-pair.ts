import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto';

/** A private key in PEM (PKCS#8) together with its WebCrypto forms, ready to sign a certificate. */
export interface KeyPair {
  readonly privateKeyPem: string;
  readonly privateKey: webcrypto.CryptoKey;
  readonly publicKey: webcrypto.CryptoKey;
}

type KeyAlgorithm = webcrypto.EcKeyImportParams | webcrypto.RsaHashedImportParams;

/** A new ECDSA P-256 key. */
export async function generateKeyPair(): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]);
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  const privateKeyPem = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
  return { privateKeyPem, privateKey: keys.privateKey, publicKey: keys.publicKey };
}

/**
 * Reads an unencrypted private key in PEM: EC on P-256, P-384 or P-521, or RSA.
 * Throws when the text is no such key.
 */
export async function importKeyPair(pem: string): Promise<KeyPair> {
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  const algorithm = algorithmOf(privateKey.asymmetricKeyType, privateKey.asymmetricKeyDetails?.namedCurve);
  return {
    privateKeyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    privateKey: await webcrypto.subtle.importKey(
      'pkcs8',
      privateKey.export({ format: 'der', type: 'pkcs8' }),
      algorithm,
      true,
      ['sign'],
    ),
    publicKey: await webcrypto.subtle.importKey(
      'spki',
      publicKey.export({ format: 'der', type: 'spki' }),
      algorithm,
      true,
      ['verify'],
    ),
  };
}

const webCurves: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

function algorithmOf(type: string | undefined, curve: string | undefined): KeyAlgorithm {
  if (type === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const namedCurve = webCurves[curve ?? ''];
  if (type === 'ec' && namedCurve !== undefined) return { name: 'ECDSA', namedCurve };
  throw new Error(`cannot sign with a key of type ${[type, curve].filter(Boolean).join(' ')}: use EC or RSA`);
}
