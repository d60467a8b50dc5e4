import type { Assignment, DpsClient, RegistrationRequest } from '../../src/provisioning/dps-client.ts';

/** A provisioning service that answers as the test decides, and remembers what it was asked. */
export class FakeDps implements DpsClient {
  readonly requests: RegistrationRequest[] = [];
  readonly signals: AbortSignal[] = [];
  onRegister: () => Promise<Assignment>;

  constructor(assignment: Assignment) {
    this.onRegister = () => Promise.resolve(assignment);
  }

  register(request: RegistrationRequest, signal: AbortSignal): Promise<Assignment> {
    this.requests.push(request);
    this.signals.push(signal);
    return this.onRegister();
  }
}
