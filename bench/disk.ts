import type { BenchAgent } from './agent.ts';
import type { FeedOrder, Feeder } from './feeder.ts';
import type { Hub } from './hub.ts';
import { pass } from './pass.ts';
import { payloadBytes } from './payload.ts';
import type { Payload } from './payload.ts';
import { storageBytesWritten } from './process-figures.ts';

export interface DiskLoad {
  readonly name: string;
  readonly online: boolean;
  readonly payload: Payload;
  readonly perSecond: number;
  /** Bytes written for each byte of payload, at most. */
  readonly target: number;
}

export const diskLoads: readonly DiskLoad[] = [
  {
    name: 'online, 200 messages of 200 B a second',
    online: true,
    payload: 'reading',
    perSecond: 200,
    target: 0,
  },
  { name: 'online, 50 messages of 4 KB a second', online: true, payload: 'binary', perSecond: 50, target: 0 },
  {
    name: 'offline, 2,000 messages of 200 B a second',
    online: false,
    payload: 'reading',
    perSecond: 2000,
    target: 1.2,
  },
  {
    name: 'offline, 100 messages of 200 B a second',
    online: false,
    payload: 'reading',
    perSecond: 100,
    target: NaN,
  },
  {
    name: 'offline, 200 messages of 4 KB a second',
    online: false,
    payload: 'binary',
    perSecond: 200,
    target: 1.2,
  },
];

export interface DiskResult {
  readonly load: DiskLoad;
  readonly payloadBytes: number;
  readonly writtenBytes: number;
}

/** After the last post, until everything has been flushed for certain, in milliseconds. */
const flushedMs = 3000;

/** What the agent's process has the kernel write, by /proc/<pid>/io, while so much is posted to it. */
export async function measureDisk(
  load: DiskLoad,
  { hub, agent, feeder }: { hub: Hub; agent: BenchAgent; feeder: Feeder },
  seconds: number,
): Promise<DiskResult> {
  await hub.startCounting();
  if (!load.online) await goOffline(hub, agent);
  const before = storageBytesWritten(agent.pid);
  const { accepted } = await feeder.feed({
    ...postsFor(load),
    socketPath: agent.socketPath,
    input: 'single',
    payload: load.payload,
    lines: load.perSecond * seconds,
    linesPerSecond: load.perSecond,
  });
  await pass(flushedMs);
  const writtenBytes = storageBytesWritten(agent.pid) - before;
  if (!load.online) await hub.comeBack();
  await hub.untilArrived(accepted, 'messages');
  return { load, payloadBytes: accepted * payloadBytes[load.payload], writtenBytes };
}

export async function goOffline(hub: Hub, agent: BenchAgent): Promise<void> {
  const { changes } = agent;
  await hub.vanish();
  await agent.untilState('waiting', changes);
}

/** Ten posts a second; offline each is answered only when it is on the disk, up to a flush interval later. */
function postsFor({ perSecond }: DiskLoad): Pick<FeedOrder, 'linesPerPost' | 'postsInFlight'> {
  return { linesPerPost: perSecond / 10, postsInFlight: 16 };
}
