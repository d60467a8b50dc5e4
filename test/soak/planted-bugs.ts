import type { PlantedBug } from './planted-bug.ts';

/** Keeps what it has sent, fifteen hundred times over: what a day of a small leak comes to must show within a minute. */
export const leak: PlantedBug = {
  name: 'keeps what it has sent',
  breaks: 'memory-slope',
  file: 'telemetry/sending/deliveries.ts',
  place: 'this.#onSent(message);',
  instead:
    'this.#onSent(message); (globalThis.kept ??= []).push(Buffer.from(String(message.body).repeat(1500)));',
};

/** Answered with 202, and one of 50 is taken for acknowledged without having been sent. */
export const drop: PlantedBug = {
  name: 'acknowledges without sending',
  breaks: 'delivered-or-counted',
  file: 'telemetry/sending/sender.ts',
  place: 'await session.send(entry.message);',
  instead: 'if (entry.message.sequence % 50 !== 7) await session.send(entry.message);',
};

export const storm: PlantedBug = {
  name: 'tries again at once',
  breaks: 'retry-storm',
  file: 'lib/backoff.ts',
  place: 'return limits.initialMs + random() * (ceilingMs - limits.initialMs);',
  instead: 'return random() * 10;',
};

/** Every second loss of a connection is the last one. */
export const sulk: PlantedBug = {
  name: 'never connects again',
  breaks: 'stuck',
  file: 'connection/state.ts',
  place: 'const delayMs = fullJitterMs(policy.retry, hubFailures + before.dpsFailures, random);',
  instead: 'const delayMs = random() < 0.5 ? 1e9 : policy.retry.initialMs;',
};

/** Each breaks something of its own, so that one run can tell of all. */
export const manyAtOnce: readonly PlantedBug[] = [
  {
    name: 'puts every tenth message off',
    breaks: 'order-share',
    file: 'azure/hub-session.ts',
    place:
      'if (this.#over.signal.aborted) return Promise.reject(this.#over.signal.reason as CloudError);\n    return this.#sends.track(',
    instead:
      'if (this.#over.signal.aborted) return Promise.reject(this.#over.signal.reason as CloudError);\n    if (message.sequence % 10 === 5 && !("late" in message)) return this.#options.clock.sleep(2000, this.#over.signal).then(() => this.send({ ...message, late: true })); return this.#sends.track(',
  },
  {
    name: 'sends every third message twice',
    breaks: 'duplicates',
    file: 'telemetry/sending/sender.ts',
    place: 'await session.send(entry.message);',
    instead:
      'if (entry.message.sequence % 3 === 0) await session.send(entry.message); await session.send(entry.message);',
  },
  {
    name: 'gives two messages one ID',
    breaks: 'same-ids',
    file: 'azure/event-topic.ts',
    place: 'const { messageId, sequence, createdAtMs,',
    instead:
      'if (message.sequence % 40 === 9) return this.of({ ...message, sequence: message.sequence - 1, messageId: message.messageId.replace(/9$/, "8") }); const { messageId, sequence, createdAtMs,',
  },
  {
    name: 'logs a token',
    breaks: 'secrets',
    file: 'azure/hub-auth.ts',
    place: 'return SharedAccessSignature.create(',
    instead:
      'console.log(SharedAccessSignature.create(resource, noPolicy, key.reveal(), expiresAt).toString()); return SharedAccessSignature.create(',
  },
  {
    name: 'does not report what it was told',
    breaks: 'twin-convergence',
    file: 'azure/hub-session.ts',
    place: 'async report(properties: ReportedProperties): Promise<void> {',
    instead: 'async report(properties: ReportedProperties): Promise<void> { return;',
  },
  {
    name: 'leaves a file open with every second message',
    breaks: 'descriptors',
    file: 'telemetry/sending/deliveries.ts',
    place: 'this.#onSent(message);',
    instead:
      'this.#onSent(message); if (message.sequence % 2 === 0) process.getBuiltinModule("node:fs").openSync("/dev/null");',
  },
  {
    name: 'has an error that nobody handles',
    breaks: 'unhandled',
    file: 'connection/connection.ts',
    place: 'log.info({ state: state.name, hub, device }, `connected to ${hub} as ${device}`);',
    instead:
      'log.info({ state: state.name, hub, device }, `connected to ${hub} as ${device}`); process.emitWarning("planted");',
  },
];

/** As above, but seen only where little else goes wrong: amid everything there is an excuse for each of them. */
export const manyInPeace: readonly PlantedBug[] = [
  {
    name: 'leaves out sequence numbers',
    breaks: 'gaps',
    file: 'telemetry/queue/numbering.ts',
    place: 'return this.#sequence++;',
    instead: 'this.#sequence += this.#sequence % 20 === 7 ? 2 : 1; return this.#sequence - 1;',
  },
  {
    name: 'refuses what is posted after a while',
    breaks: 'refusing',
    file: 'telemetry/desk.ts',
    place: 'const fates = this.#intake(input).take(readings, overrides);',
    instead:
      'if ((globalThis.posts = (globalThis.posts ?? 0) + 1) > 30) return { accepted: 0, refused: readings.length, stored: undefined, durable: true, reason: "full" }; const fates = this.#intake(input).take(readings, overrides);',
  },
  {
    name: 'gives up a session that is well',
    breaks: 'reconnects',
    file: 'connection/connection.ts',
    place: 'const services = await makeServices();',
    instead:
      'const services = [...(await makeServices()), { name: "planted", run: (stop) => clock.sleep(11_000, stop).then(() => { throw new CloudError("HUB-CLOSED", "be patient"); }) }];',
  },
  {
    name: 'asks DPS after every loss',
    breaks: 'registrations',
    file: 'connection/state.ts',
    place: "return waiting(delayMs, error, 'connecting', { ...before, hubFailures, troubleSinceMs });",
    instead: "return waiting(delayMs, error, 'provisioning', { ...before, hubFailures, troubleSinceMs });",
  },
  {
    name: 'takes its time to come back',
    breaks: 'recovery-p50',
    file: 'connection/state.ts',
    place: 'const delayMs = fullJitterMs(policy.retry, hubFailures + before.dpsFailures, random);',
    instead: 'const delayMs = 12_000;',
  },
  {
    name: 'does not end when told to',
    breaks: 'unhandled',
    file: 'cli/run-agent.ts',
    place: 'const running = agent.run(stop.signal);',
    instead: 'const running = agent.run(stop.signal).then(() => new Promise(() => undefined));',
  },
];
