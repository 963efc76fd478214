// The console in a real Chromium, fed by a real broker: live, stale, live again; for keyboards, screen readers and phones.
import { readFileSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectBus } from '#runtime/bus/jetstream-bus.ts';
import { runFeed } from '#runtime/gateway/feed.ts';
import { ViewKeeper } from '#runtime/gateway/view.ts';
import { worldCrypto } from '../gateway/seen-world.ts';
import { realTimer } from '../gateway/served.ts';
import { CHAIN } from '../settlement/world/chain.ts';
import { CHROMIUM, launchBrowser } from './console-browser.ts';
import { type ConsoleNetwork, OTHER_GATEWAY, startConsoleNetwork } from './console-network.ts';
import * as inPage from './console-page.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Looked at by whoever changes the page. */
const SCREENSHOTS = '.cache/screenshots';
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };

describe.skipIf(CHROMIUM === undefined && !process.env['CI'])('the console', () => {
  let network: ConsoleNetwork;
  let browser: Browser;

  beforeAll(async () => {
    await mkdir(SCREENSHOTS, { recursive: true });
    browser = await launchBrowser();
    network = await startConsoleNetwork();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await network?.close();
  });

  const open = async (options: BrowserContextOptions = {}): Promise<Page> => {
    const page = await (await browser.newContext({ viewport: DESKTOP, ...options })).newPage();
    await page.goto(network.url);
    await page.waitForSelector('.link.live');
    return page;
  };
  const shownHeight = (page: Page): Promise<number> => page.evaluate(inPage.heightOf);
  /** With a running job, a closed settlement, a refusal and evidence on the page. */
  const busy = (page: Page) => page.waitForFunction(inPage.isBusy);

  test('shows what happens as it happens, loads nothing from elsewhere and breaks no policy', async () => {
    const page = await open();
    const errors: string[] = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('requestfailed', (request) => errors.push(request.url()));
    const before = await shownHeight(page);
    await page.waitForFunction(inPage.isAbove, before);
    await page.waitForFunction(inPage.hasProgress);
    expect(await page.evaluate(inPage.loadedFromElsewhere)).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test('shows nothing that another key signed, whoever the broker lets speak', async () => {
    const page = await open();
    const bus = await connectBus({ url: network.broker.url, signer: OTHER_GATEWAY, onRefused: () => undefined });
    const keeper = new ViewKeeper(network.world.reads, worldCrypto);
    const forged = { changesCount: 1, view: (now_ms: number) => ({ ...keeper.view(now_ms), height: 987_654_321 }) };
    const forging = new AbortController();
    const clock = { now_ms: Date.now, setTimer: realTimer };
    const feed = runFeed({ network: CHAIN, keeper: forged, signer: OTHER_GATEWAY, bus, clock }, forging.signal);
    const before = await shownHeight(page);
    await page.waitForFunction(inPage.isAbove, before + 10);
    expect(await shownHeight(page)).toBeLessThan(987_654_321);
    forging.abort();
    await feed;
    await bus.close();
    await page.context().close();
  });

  test.each(['light', 'dark'] as const)(
    'axe finds nothing serious, on a desktop and on a phone (%s)',
    async (colorScheme) => {
      const page = await open({ colorScheme, reducedMotion: 'reduce' });
      await busy(page);
      for (const viewport of [DESKTOP, PHONE]) {
        await page.setViewportSize(viewport);
        expect(await seriousIn(page)).toEqual([]);
      }
      await page.context().close();
    },
  );

  test('every section is reached with the keyboard alone', async () => {
    const page = await open({ reducedMotion: 'reduce' });
    await busy(page);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(inPage.focusedText)).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await page.waitForFunction(inPage.isMainFocused);
    const links = await page.$$eval('nav a', (all) => all.map((link) => link.getAttribute('href')));
    for (const href of links) {
      await page.focus(`nav a[href="${href}"]`);
      await page.keyboard.press('Enter');
      await page.waitForFunction(inPage.isAtSection, href ?? '');
    }
    await page.focus('#blocks button');
    await page.keyboard.press('Space');
    await page.waitForSelector('#blocks button[aria-expanded="true"]');
    await page.focus('.settlement summary');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.settlement:not([open])');
    await page.context().close();
  });

  test('fits into 360 pixels', async () => {
    const page = await open({ viewport: PHONE });
    await busy(page);
    expect(await page.evaluate(inPage.scrollWidth)).toBeLessThanOrEqual(PHONE.width);
    await page.context().close();
  });

  test('does not jump while it loads and updates', async () => {
    const page = await open();
    await busy(page);
    // Again, now that all sections are full: what appears for the first time may take its place.
    await page.reload();
    await page.waitForSelector('.link.live');
    const before = await shownHeight(page);
    await page.waitForFunction(inPage.isAbove, before + 20);
    expect(await page.evaluate(inPage.layoutShifts)).toEqual([]);
    await page.context().close();
  });

  test('says how old it is when the broker dies, and is live again when it is back', async () => {
    const page = await open();
    await network.broker.kill('SIGKILL');
    await page.waitForSelector('.link.stale');
    expect(await page.textContent('.link')).toMatch(/^As of \d+ s ago$/);
    await page.waitForSelector('main.stale');
    await network.broker.restart();
    await page.waitForSelector('.link.live');
    await page.waitForSelector('main:not(.stale)');
    await page.context().close();
  });

  test('comes back by itself when its path dies without a word', async () => {
    const page = await open();
    const before = await shownHeight(page);
    network.path.kill();
    await page.waitForSelector('.link.stale');
    await page.waitForSelector('.link.live');
    expect(await shownHeight(page)).toBeGreaterThan(before);
    await page.context().close();
  });

  test('weighs at most 110 kB, and 25 kB before the first paint', async () => {
    const assets = join(network.web_dir, 'assets');
    const weigh = (file: string): number => gzipSync(readFileSync(file)).length;
    const index = join(network.web_dir, 'index.html');
    const first = Array.from(
      readFileSync(index, 'utf8').matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g),
      ([, name = '']) => join(network.web_dir, name),
    );
    const sum = (files: readonly string[]): number => files.reduce((bytes, file) => bytes + weigh(file), 0);
    expect(first.length).toBeGreaterThan(1);
    expect(sum([index, ...first])).toBeLessThan(25_000);
    expect(sum([index, ...(await readdir(assets)).map((name) => join(assets, name))])).toBeLessThan(110_000);
  });

  test('screenshots for whoever changes the page', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const [name, viewport] of [
        ['desktop', DESKTOP],
        ['phone', PHONE],
      ] as const) {
        const page = await open({ colorScheme, viewport, reducedMotion: 'reduce' });
        await busy(page);
        await page.screenshot({ path: `${SCREENSHOTS}/${name}-${colorScheme}-top.png` });
        await page.evaluate(inPage.showChart);
        await page.waitForSelector('.chart canvas');
        await page.evaluate(inPage.showTop);
        const whole = await page.screenshot({ path: `${SCREENSHOTS}/${name}-${colorScheme}.png`, fullPage: true });
        expect(whole.length).toBeGreaterThan(50_000);
        await page.context().close();
      }
    }
  });
});

async function seriousIn(page: Page): Promise<readonly string[]> {
  // Handed over through the debugger: the page's own policy lets no foreign script in.
  await page.evaluate(AXE);
  const results = (await page.evaluate('axe.run()')) as AxeResults;
  const serious = results.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return serious.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`),
  );
}
