import type { Gateway } from './gateway.ts';

/** Opens every gateway on its port; when one cannot, those already open are closed again. */
export async function listenAll(gateways: readonly Gateway[], ports: readonly number[]): Promise<void> {
  try {
    for (const [index, gateway] of gateways.entries()) await gateway.listen(ports[index] ?? 0);
  } catch (error) {
    await Promise.all(gateways.map((gateway) => gateway.close()));
    throw error;
  }
}
