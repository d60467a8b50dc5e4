import type { Simulator } from '../simulator/simulator.ts';
import type { Cloud } from './cloud.ts';

/** Azure: agents reach it, and the soak does not reach in. Nothing is heard of it, and nothing can be done to it. */
export class RemoteCloud implements Cloud {
  get simulator(): Simulator {
    throw new Error('cannot reach into the cloud: it is not the simulator');
  }

  restart(): Promise<void> {
    return Promise.reject(new Error('cannot restart the cloud: it is not the simulator'));
  }

  onMessage(): () => void {
    return () => undefined;
  }

  onConnection(): () => void {
    return () => undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
