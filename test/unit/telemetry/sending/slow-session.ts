import type { TelemetryMessage } from '../../../../src/telemetry/message.ts';
import { FakeSession } from '../../../fakes/fake-hub.ts';

interface Send {
  readonly id: string;
  readonly acknowledge: () => void;
  readonly fail: (error: Error) => void;
}

/** A session in which each message waits for the test to decide. */
export class SlowSession extends FakeSession {
  readonly inFlight: Send[] = [];
  mostInFlight = 0;

  constructor() {
    super();
    this.onSend = ({ messageId }: TelemetryMessage) =>
      new Promise<void>((resolve, reject) => {
        const settled = (): void => {
          this.inFlight.splice(this.inFlight.indexOf(send), 1);
        };
        const send: Send = {
          id: messageId,
          acknowledge: () => {
            settled();
            resolve();
          },
          fail: (error) => {
            settled();
            reject(error);
          },
        };
        this.inFlight.push(send);
        this.mostInFlight = Math.max(this.mostInFlight, this.inFlight.length);
      });
  }

  get sentIds(): string[] {
    return this.sent.map(({ messageId }) => messageId);
  }

  acknowledge(id: string): void {
    const send = this.inFlight.find((each) => each.id === id);
    if (send === undefined) throw new Error(`cannot acknowledge ${id}: it is not in flight`);
    send.acknowledge();
  }

  acknowledgeAll(): void {
    for (const send of [...this.inFlight]) send.acknowledge();
  }

  /** As when the connection breaks: whatever is in flight fails. */
  break(error: Error): void {
    for (const send of [...this.inFlight]) send.fail(error);
  }
}
