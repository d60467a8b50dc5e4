import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';

/** An expression, and what is shown with each of its series. */
export interface Asked {
  readonly where: string;
  readonly expression: string;
  readonly text: string;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[];
  };
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

const folder = join(import.meta.dirname, '..', '..', 'docs', 'grafana');
export const rulesPath = join(folder, 'alerts.yaml');

export const dashboard = JSON.parse(readFileSync(join(folder, 'dps-agent.json'), 'utf8')) as Dashboard;

export const dashboardAsks: readonly Asked[] = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, legendFormat }) => ({ where: title, expression: expr, text: legendFormat })),
);

export function rulesAsk(): Asked[] {
  const { groups } = load(readFileSync(rulesPath, 'utf8')) as Rules;
  return groups
    .flatMap(({ rules }) => rules)
    .map(({ alert, expr, annotations }) => ({
      where: alert,
      expression: expr,
      text: Object.values(annotations).join(' '),
    }));
}
