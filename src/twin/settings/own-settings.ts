import { integer } from './kinds.ts';
import { setting } from './setting.ts';
import type { Setting } from './setting.ts';

/** What concerns the twin itself. */
export const ownSettings: readonly Setting[] = [
  setting({
    component: 'reporting',
    name: 'intervalSeconds',
    description: 'How often the device says in its twin how it is, where something has changed.',
    unit: 'second',
    kind: integer(5, 86_400),
    read: ({ reporting }) => reporting.intervalMs / 1000,
    apply: (config, seconds) => ({ ...config, reporting: { intervalMs: seconds * 1000 } }),
  }),
  setting({
    component: 'settings',
    name: 'confirmSeconds',
    description:
      'How long a setting of the component connection may take to prove itself. If the device is not connected again by then, it goes back to what worked.',
    unit: 'second',
    kind: integer(5, 86_400),
    read: ({ settings }) => settings.confirmMs / 1000,
    apply: (config, seconds) => ({ ...config, settings: { confirmMs: seconds * 1000 } }),
  }),
];
