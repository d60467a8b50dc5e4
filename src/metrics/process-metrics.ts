import { single } from './definition.ts';
import type { Metric } from './definition.ts';

/** The agent's own process; those that every program has bear the names that every program's have. */
export const processMetrics: readonly Metric[] = [
  {
    name: 'dps_agent_build_info',
    type: 'gauge',
    help: 'Always 1; the labels say what runs.',
    labels: ['version', 'node'],
    read: ({ build: { version, node } }) => [{ labels: { version, node }, value: 1 }],
  },
  {
    name: 'process_start_time_seconds',
    type: 'gauge',
    help: 'When the agent was started, in seconds since 1970 by the present clock of the machine.',
    read: ({ process }) => single(Math.round(process.startedAt.getTime() / 1000)),
  },
  {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'Processor time of the process, all its threads together.',
    read: ({ process }) => single(process.cpuMs / 1000),
  },
  {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'Memory of the process that is in RAM.',
    read: ({ process }) => single(process.rssBytes),
  },
  {
    name: 'nodejs_heap_size_used_bytes',
    type: 'gauge',
    help: 'Memory in use on the heap of JavaScript.',
    read: ({ process }) => single(process.heapUsedBytes),
  },
  {
    name: 'dps_agent_event_loop_delay_seconds',
    type: 'gauge',
    help: 'How late the event loop was over the last minute, at its 99th percentile; absent in the first.',
    read: ({ process: { eventLoopDelayMs: ms } }) => single(ms === undefined ? undefined : ms / 1000),
  },
];
