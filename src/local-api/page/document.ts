import { createHash } from 'node:crypto';
import type { AgentStatus, StateReport } from '../status.ts';
import { statusLines } from '../status-lines.ts';
import type { StatusLine } from '../status-lines.ts';
import { Html, markup } from './html.ts';
import { script } from './script.ts';
import { style } from './style.ts';

/** The status as a page of HTML that needs nothing besides. */
export function statusDocument(status: AgentStatus, now: Date): string {
  const { device, hub, name } = status.state;
  const lines = statusLines(status, now);
  const title = device ?? 'This device';
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>${title}: ${badges[name].text} &ndash; dps-agent</title>
<style>${new Html(style)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p>${hub ?? 'not assigned to a hub yet'}</p>
<p id="stale" role="status" hidden></p>
</header>
<main>
${stateSection(status.state, lines.state)}
${section('Identity and clock', lines.identity)}
${section('Queue', lines.queue)}
${list('Inputs', lines.inputs, 'No inputs are configured.')}
${list('Earlier trouble', lines.errors, 'The connection has not failed since the agent was started.')}
${lines.tasks.length === 0 ? undefined : list('Tasks under way', lines.tasks, '')}
${lines.messages.length === 0 ? undefined : section('Cloud-to-device messages', lines.messages)}
${section('Agent', lines.agent)}
</main>
<footer><noscript>Reload the page to see what has changed since. </noscript>Times are by the clock of this device.
In a terminal: <code>dps-agent status --watch</code></footer>
<script>${new Html(script)}</script>
</body>
</html>
`.text;
}

/** What the document may do, and where it may stand: its own style and script, and asking where it came from. */
export const documentHeaders: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src '${digest(style)}'`,
    `script-src '${digest(script)}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/** Content Security Policy Level 3, 2.3.1 */
function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

const badges: Readonly<
  Record<StateReport['name'], { readonly text: string; readonly kind: 'good' | 'busy' | 'bad' }>
> = {
  starting: { text: 'starting', kind: 'busy' },
  provisioning: { text: 'provisioning', kind: 'busy' },
  connecting: { text: 'connecting', kind: 'busy' },
  connected: { text: 'connected', kind: 'good' },
  waiting: { text: 'not connected', kind: 'bad' },
  stopped: { text: 'stopped', kind: 'bad' },
};

/** Hub and device stand above it already. */
function stateSection({ name }: StateReport, [state, ...others]: readonly StatusLine[]): Html {
  const { text, kind } = badges[name];
  const rest = others.filter((line) => line.name !== 'hub' && line.name !== 'device');
  return markup`<section class="wide state ${kind}"><h2><span class="badge ${kind}">${text}</span></h2>
<p>${state?.value}</p>
${rest.length === 0 ? undefined : facts(rest)}</section>`;
}

function section(title: string, lines: readonly StatusLine[]): Html {
  return markup`<section><h2>${title}</h2>${facts(lines)}</section>`;
}

function facts(lines: readonly StatusLine[]): Html {
  const rows = lines.map(
    ({ name, value, tone }) => markup`<dt>${name}</dt><dd class="${tone}">${value}</dd>\n`,
  );
  return markup`<dl>${rows}</dl>`;
}

/** Lines that all have the same name. */
function list(title: string, lines: readonly StatusLine[], none: string): Html {
  const items = lines.map(({ value, tone }) => markup`<li class="${tone}">${value}</li>\n`);
  return markup`<section><h2>${title}</h2><ul>${items.length === 0 ? markup`<li>${none}</li>` : items}</ul></section>`;
}
