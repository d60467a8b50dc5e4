/** Desired properties as IoT Hub sends them: in full, or as a patch in which null deletes (protocol.md 3.5, 4). */
export type DesiredProperties = Readonly<Record<string, unknown>> & { readonly $version: number };

/** A patch to the reported properties; null deletes. */
export type ReportedProperties = Readonly<Record<string, unknown>>;
