import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { quickRetries, startAgent } from '../support/agent.ts';
import type { RunningAgent } from '../support/agent.ts';
import { Scratch } from '../support/scratch.ts';
import { newKey, putKeyEnrollment, simulatorFor } from '../support/simulator.ts';
import { keepSecret } from '../support/test-logs.ts';
import { unusedPort } from '../support/unused-port.ts';

/** Debian's; without a background of its own, which would look for hosts that are not there. */
const launchOptions = {
  executablePath: '/usr/bin/chromium',
  args: [
    ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
    ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  ],
};

const password = 'look-but-do-not-touch';
const telemetry = `telemetry:
  inputs:
    - {name: system, type: system, interval: 1s}
    - {name: boiler, type: file, path: /dev/no-boiler, interval: 1s}`;

describe('the status page in a browser', () => {
  let browser: Browser;
  let scratch: Scratch;
  let simulator: Simulator;
  let address: string;
  let key: string;

  before(async () => {
    browser = await chromium.launch(launchOptions);
  });

  after(() => browser.close());

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
    key = newKey();
  });

  afterEach(() => scratch.clean());

  async function startEnrolled(over: object = {}): Promise<RunningAgent> {
    const port = await unusedPort();
    address = `http://127.0.0.1:${port}/`;
    const passwordFile = join(await scratch.folder(), 'page-password');
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    keepSecret(password);
    putKeyEnrollment(simulator, 'gateway', key, over);
    const attestation = { method: 'symmetric_key', registration_id: 'gateway', symmetric_key: key };
    const page = `local_api: {page: {listen: '127.0.0.1:${port}', password: 'file://${passwordFile}'}}`;
    const agent = await startAgent({
      scratch,
      simulator,
      attestation,
      sections: [quickRetries, telemetry, page],
    });
    await agent.log.until(({ msg }) => msg.startsWith('the status page is at'));
    return agent;
  }

  /** A page of its own, closed when the test is over, and whatever was wrong with it. */
  async function open(
    options: { readonly width?: number; readonly colorScheme?: 'light' | 'dark' } = {},
  ): Promise<{ readonly page: Page; readonly faults: string[] }> {
    const { width = 1100, colorScheme = 'light' } = options;
    const context = await browser.newContext({
      httpCredentials: { username: 'technician', password },
      viewport: { width, height: 800 },
      colorScheme,
    });
    scratch.defer(() => context.close());
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    await page.goto(address);
    return { page, faults };
  }

  it('shows state, identity, queue and inputs, and is within its own policy', async () => {
    const agent = await startEnrolled();
    await agent.log.untilState('connected');
    const { page, faults } = await open();
    await page.getByText('connected', { exact: true }).waitFor();
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'gateway');
    await page
      .getByText(simulator.hubs[0]?.name ?? 'no hub')
      .first()
      .waitFor();
    await page.getByText(/^boiler: failing: .*no-boiler/).waitFor();
    await page.getByText(/^system: ok, last reading/).waitFor();
    assert.deepEqual(faults, []);
  });

  it('follows what the agent does, without being loaded again, and says when it is gone', async () => {
    const agent = await startEnrolled({ provisioningStatus: 'disabled' });
    await agent.log.untilCode('DPS-DISABLED');
    const { page } = await open();
    await page.getByText('not connected', { exact: true }).waitFor();
    await page.getByText('enable the enrollment in DPS; no restart is needed').first().waitFor();
    await page.evaluate('window.isTheSame = true');
    putKeyEnrollment(simulator, 'gateway', key);
    await page.getByText('connected', { exact: true }).waitFor();
    await page.getByText(/\[DPS-DISABLED\]/).waitFor();
    assert.equal(await page.evaluate('window.isTheSame'), true);
    await agent.stop();
    await page.getByText(/^The agent does not answer/).waitFor();
  });

  it('lets nobody in without the password', async () => {
    await startEnrolled();
    const context = await browser.newContext();
    scratch.defer(() => context.close());
    const page = await context.newPage();
    const answer = await page.goto(address).catch(() => null);
    assert.ok(answer === null || answer.status() === 401);
    assert.equal(await page.getByText('gateway').count(), 0);
  });

  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [360, 1100])
      it(`fits a screen of ${width} pixels in ${colorScheme} colours`, async () => {
        const agent = await startEnrolled();
        await agent.log.untilState('connected');
        const { page } = await open({ width, colorScheme });
        await page.getByText(/^system: ok, last reading/).waitFor();
        assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
        await keepImage(page, `status-page-${colorScheme}-${width}`);
      });
});

/** With `STATUS_PAGE_IMAGES` the pictures are kept in that folder, to be looked at. */
async function keepImage(page: Page, name: string): Promise<void> {
  const folder = process.env['STATUS_PAGE_IMAGES'];
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
