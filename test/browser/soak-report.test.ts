import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Evidence } from '../../src/soak/evidence.ts';
import { judge } from '../../src/soak/judge/judge.ts';
import { installedChartLibrary } from '../../src/soak/report/chart-library.ts';
import { reportDocument } from '../../src/soak/report/document.ts';
import { connectedFrom, evidence, fault, ledgerEntry, limits, offline, samples } from '../fakes/evidence.ts';
import { Scratch } from '../support/scratch.ts';

/** Debian's; without a background of its own, which would look for hosts that are not there. */
const launchOptions = {
  executablePath: '/usr/bin/chromium',
  args: [
    ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
    ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  ],
};

const root = join(import.meta.dirname, '..', '..');
const charts = ['deliveries', 'faults', 'states', 'rates', 'memory', 'handles'];

interface Opened {
  readonly page: Page;
  /** Of the browser's console, and whatever was thrown. */
  readonly faults: string[];
  readonly requests: string[];
}

describe('the report of a soak in a browser', () => {
  let browser: Browser;
  let scratch: Scratch;

  before(async () => {
    browser = await chromium.launch(launchOptions);
  });

  after(() => browser.close());

  beforeEach(() => {
    scratch = new Scratch();
  });

  afterEach(() => scratch.clean());

  async function open(seen: Evidence, options: BrowserContextOptions = {}): Promise<Opened> {
    const library = await installedChartLibrary(root);
    const path = join(await scratch.folder(), 'report.html');
    await writeFile(path, reportDocument({ evidence: seen, verdict: judge(seen, limits), limits, library }));
    const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, ...options });
    scratch.defer(() => context.close());
    const page = await context.newPage();
    const [faults, requests]: [string[], string[]] = [[], []];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => faults.push(message.text()));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(path).href);
    return { page, faults, requests };
  }

  it('opens from the disk, fetches nothing, and draws every chart', async () => {
    const { page, faults, requests } = await open(eventful());
    assert.deepEqual(faults, []);
    assert.equal(requests.length, 1, 'the file itself');
    for (const id of charts) assert.ok((await coloursOf(page, id)) > 2, `${id} is drawn`);
    await page.getByRole('heading', { level: 1 }).getByText('broken').waitFor();
    await keepImage(page, 'soak-report');
  });

  it('says which fault it was, where one points', async () => {
    const { page } = await open(eventful());
    const plot = page.locator('#chart-faults .u-over');
    const box = await plot.boundingBox();
    assert.ok(box !== null);
    // From 100 to 130 of 600 seconds, in the first of two rows.
    await plot.hover({ position: { x: (box.width * 115) / 600, y: box.height / 4 } });
    await page.getByText('1:40 hub-gone: hub out of reach, 1 agent').waitFor();
    await page.locator('h1').hover();
    await page.getByText('1:40 hub-gone: hub out of reach, 1 agent').waitFor({ state: 'hidden' });
  });

  it('runs nothing that comes from a name', async () => {
    const evil = '</script><script>window.evil = true</script><img src=x onerror="window.evil = true">';
    const { page, faults } = await open(
      evidence({
        faults: [fault({ kind: evil, description: evil })],
        states: connectedFrom('one', 1000).map((change) => ({ ...change, state: evil })),
        findings: [{ kind: 'fatal', agent: evil, atMs: 1, line: evil }],
      }),
    );
    assert.equal(await page.evaluate('window.evil'), undefined);
    assert.deepEqual(faults, []);
  });

  it('has charts of a run in which nothing was seen, too', async () => {
    const { faults } = await open(evidence({ states: [], sessions: [], registrations: [], ledger: {} }));
    assert.deepEqual(faults, []);
  });

  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [360, 1100])
      it(`fits a screen of ${width} pixels in ${colorScheme} colours`, async () => {
        const { page } = await open(eventful(), { colorScheme, viewport: { width, height: 800 } });
        assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
        await keepImage(page, `soak-report-${colorScheme}-${width}`);
      });

  it('fits paper, in light colours whatever the screen has', async () => {
    const { page, faults } = await open(eventful(), { colorScheme: 'dark' });
    const widths = await page.evaluate(`(async () => {
      dispatchEvent(new Event('beforeprint'));
      await new Promise(requestAnimationFrame);
      const printed = [...document.querySelectorAll('.uplot')].map((plot) => plot.offsetWidth);
      dispatchEvent(new Event('afterprint'));
      return printed;
    })()`);
    assert.deepEqual(
      widths,
      charts.map(() => 660),
    );
    const pdf = await page.pdf({ format: 'A4' });
    assert.ok(pdf.length > 10_000);
    assert.deepEqual(faults, []);
  });
});

/** How many colours there are in a chart. */
async function coloursOf(page: Page, id: string): Promise<number> {
  return await page.evaluate(`(() => {
    const canvas = document.querySelector('#chart-${id} canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  })()`);
}

/** Something of everything, and a message is missing. */
function eventful(): Evidence {
  const counts = Array.from({ length: 600 }, (_, second) => (second > 100 && second < 130 ? 0 : 20));
  return evidence({
    faults: [
      fault(),
      fault({ id: 2, kind: 'latency', description: 'latency 300 ms', startMs: 300_000, endMs: 350_000 }),
    ],
    states: [
      ...connectedFrom('one', 1000),
      ...connectedFrom('two', 2000),
      ...offline('one', 101_000, 134_000),
    ],
    processes: [
      ...samples('one', 600_000, (atMs) => ({ rssBytes: (70 + Math.sin(atMs / 50_000) * 5) * 1024 * 1024 })),
      ...samples('two', 600_000),
    ],
    deliveries: {
      stepMs: 1000,
      promised: counts.map(() => 20),
      delivered: counts,
      duplicates: counts.map(() => 0),
    },
    ledger: { one: ledgerEntry({ missing: 3, firstMissing: [7, 8, 9] }), two: ledgerEntry() },
  });
}

/** With `SOAK_REPORT_IMAGES` the pictures are kept in that folder, to be looked at. */
async function keepImage(page: Page, name: string): Promise<void> {
  const folder = process.env['SOAK_REPORT_IMAGES'];
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
