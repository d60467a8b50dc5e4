/**
 * The SDK's classes by name. Its packages are CommonJS, and Node finds only the first of their names for an ES module's
 * `import { … }`; the whole is always there as the default.
 */
import common from 'azure-iot-common';
import device from 'azure-iot-device';

export const { NoRetry, SharedAccessSignature } = common;
export const { Client, Message, SharedAccessSignatureAuthenticationProvider, X509AuthenticationProvider } =
  device;
