// Every screen in both themes and two sizes: nothing is thrown, nothing is refused by the policy, nothing is wrong by
// WCAG 2.2 AA, nothing spills out of the window. The pictures are for people to look at.

import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { damaged, empty, fresh, opened, stranger } from './fixture';
import { SELFTEST_RUNNING } from './fixture/author';
import { hard } from './fixture/hard';
import { SOURCE } from './fixture/workspace';
import { type Fixture, type FixtureServer, serve } from './server';

const ROOT = new URL('../..', import.meta.url).pathname;
const PICTURES = process.env['LOOK_DIR'] ?? join(ROOT, 'node_modules', '.look');
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const SIZES = [{ width: 1280, height: 800 }, { width: 900, height: 600 }];

interface Look {
  name: string;
  fixture: () => Fixture;
  hash: string;
  ready: string;
  act?: (page: Page, server: FixtureServer) => Promise<void>;
}

const LOOKS: Look[] = [
  { name: 'home-first', fixture: fresh, hash: '#/home', ready: 'try-sample' },
  { name: 'home', fixture: opened, hash: '#/home', ready: 'health' },
  { name: 'specs', fixture: opened, hash: '#/specs', ready: 'save-state', act: async (page) => void (await page.waitForSelector('.cm-content .cm-lintRange-error')) },
  { name: 'specs-gate', fixture: opened, hash: '#/specs?tab=plan', ready: 'plan-lines' },
  {
    name: 'specs-complete', fixture: opened, hash: '#/specs', ready: 'save-state',
    act: async (page) => {
      await page.click('.cm-line:has-text("trials: 5")');
      await page.keyboard.press('End');
      await page.keyboard.press('Enter');
      await page.keyboard.type('t');
      await page.waitForSelector('.cm-tooltip-autocomplete li');
    },
  },
  { name: 'run', fixture: opened, hash: '#/run', ready: 'run-facts', act: async (page) => void (await page.waitForSelector('#row-3')) },
  { name: 'run-answer', fixture: opened, hash: '#/run', ready: 'run-facts', act: async (page) => { await page.click('#row-5'); await page.waitForSelector('[data-testid="answer-dialog"] .said'); } },
  { name: 'verdict', fixture: opened, hash: '#/verdict', ready: 'answer', act: async (page) => void (await page.waitForSelector('.said')) },
  { name: 'verdict-labels', fixture: opened, hash: '#/verdict', ready: 'answer', act: async (page) => { await page.click('[data-testid="labelling"] summary'); await page.click('[data-testid="cases-flaky"]'); await page.locator('[data-testid="labelling"]').scrollIntoViewIfNeeded(); } },
  { name: 'verdict-pass', fixture: opened, hash: '#/verdict?verdict=sha256%3Acc', ready: 'answer', act: async (page) => void (await page.waitForSelector('.said')) },
  { name: 'versions', fixture: opened, hash: '#/versions', ready: 'identity', act: async (page) => { await page.focus('[data-testid="timeline"]'); await page.keyboard.press('ArrowLeft'); } },
  { name: 'versions-table', fixture: opened, hash: '#/versions', ready: 'identity', act: async (page) => { await page.click('[data-testid="as-table"]'); await page.click('[data-testid="identity"] .link'); } },
  { name: 'versions-compare', fixture: opened, hash: '#/versions?before=a&after=b', ready: 'comparison' },
  { name: 'releases', fixture: opened, hash: '#/releases', ready: 'history' },
  { name: 'releases-rollback', fixture: opened, hash: '#/releases', ready: 'history', act: async (page) => { await page.click('[data-testid="rollback-production"]'); await page.waitForSelector('[data-testid="confirm-yes"]'); } },
  { name: 'releases-override', fixture: opened, hash: '#/releases', ready: 'history', act: async (page) => { await page.click('[data-testid="override-staging"]'); await page.waitForSelector('[data-testid="override-reason"]'); } },
  { name: 'restore', fixture: damaged, hash: '#/home', ready: 'restore' },
  { name: 'restore-confirm', fixture: damaged, hash: '#/restore', ready: 'restore', act: async (page) => { await page.click('[data-testid="restore"]'); await page.waitForSelector('[data-testid="confirm-yes"]'); } },
  { name: 'restore-anew', fixture: () => damaged(false), hash: '#/restore', ready: 'restore' },
  { name: 'restore-left', fixture: damaged, hash: '#/restore', ready: 'restore', act: async (page) => { await page.click('[data-testid="restore-leave"]'); await page.waitForSelector('[data-testid="home-damaged"]'); } },
  { name: 'trust', fixture: stranger, hash: '#/trust', ready: 'trust-stay' },
  { name: 'palette', fixture: opened, hash: '#/home', ready: 'health', act: async (page) => { await page.keyboard.press('Control+k'); await page.keyboard.type('pro'); await page.waitForSelector('[data-command-item]'); } },
  { name: 'keys', fixture: opened, hash: '#/specs', ready: 'save-state', act: async (page) => { await page.keyboard.press('Escape'); await page.focus('[data-testid="nav-specs"]'); await page.keyboard.press('?'); await page.waitForSelector('[role="dialog"]'); } },
  { name: 'trust-diff', fixture: stranger, hash: '#/trust', ready: 'trust-stay', act: async (page) => { await page.click('button.case:has-text("reset.sh")'); await page.waitForSelector('.diff ins'); } },
  {
    name: 'toasts', fixture: opened, hash: '#/versions', ready: 'identity',
    act: async (page, server) => {
      const say = (title: string, detail: string | null) => server.tell({ seq: 1, at: 0, what: { kind: 'told', mark: 'pass', title, detail, step: { label: 'See releases', detail: null, to: { kind: 'releases', environment: null }, disabled: null } } });
      say('v12 promoted over v10', null);
      say('v13 promoted by override', 'The fair opens today');
      say('v12 is live again', '`support` says fail of v13: see its newest verdict.');
      await page.waitForSelector('[data-testid="toasts-below"]:has-text("2 more")');
    },
  },
  { name: 'specs-selftest-new', fixture: opened, hash: '#/specs?tab=selftest', ready: 'selftest-start' },
  { name: 'specs-selftest-going', fixture: () => ({ ...opened(), selftest_state: () => SELFTEST_RUNNING, spec_source: () => ({ ...SOURCE, diagnostics: [] }) }), hash: '#/specs?tab=selftest', ready: 'selftest-start', act: async (page) => { await page.click('[data-testid="selftest-start"]'); await page.waitForSelector('[data-testid="selftest-running"]'); } },
  { name: 'specs-selftest', fixture: () => ({ ...opened(), spec_source: () => ({ ...SOURCE, diagnostics: [] }) }), hash: '#/specs?tab=selftest', ready: 'selftest-start', act: async (page) => { await page.click('[data-testid="selftest-start"]'); await page.waitForSelector('[data-testid="selftest-rates"]'); } },
  { name: 'specs-selftest-below', fixture: () => ({ ...opened(), spec_source: () => ({ ...SOURCE, diagnostics: [] }) }), hash: '#/specs?tab=selftest', ready: 'selftest-start', act: async (page) => { await page.click('[data-testid="selftest-start"]'); await page.locator('[data-testid="selftest-kinds"]').scrollIntoViewIfNeeded(); await page.locator('[data-testid="selftest-shape"]').scrollIntoViewIfNeeded(); } },
  { name: 'specs-backtest', fixture: opened, hash: '#/specs?tab=backtest', ready: 'backtest' },
  { name: 'specs-hard', fixture: () => hard(opened()), hash: '#/specs', ready: 'save-state' },
  { name: 'specs-hard-gate', fixture: () => hard(opened()), hash: '#/specs?tab=plan', ready: 'plan-lines' },
  { name: 'home-hard', fixture: () => hard(opened()), hash: '#/home', ready: 'health' },
  { name: 'run-hard', fixture: () => hard(opened()), hash: '#/run', ready: 'run-facts', act: async (page) => void (await page.waitForSelector('#row-3')) },
  { name: 'verdict-hard', fixture: () => hard(opened()), hash: '#/verdict', ready: 'answer', act: async (page) => void (await page.waitForSelector('[data-testid="check"]')) },
  { name: 'versions-hard', fixture: () => hard(opened()), hash: '#/versions', ready: 'identity' },
  { name: 'releases-hard', fixture: () => hard(opened()), hash: '#/releases', ready: 'history' },
  { name: 'releases-hard-override', fixture: () => hard(opened()), hash: '#/releases', ready: 'history', act: async (page) => { await page.click('[data-testid="override-production"]'); await page.waitForSelector('[data-testid="override-reason"]'); } },
  { name: 'run-empty', fixture: empty, hash: '#/run', ready: 'run-start' },
  { name: 'versions-empty', fixture: empty, hash: '#/versions', ready: 'run-start' },
  { name: 'releases-empty', fixture: empty, hash: '#/releases', ready: 'run-start' },
  { name: 'verdict-empty', fixture: empty, hash: '#/verdict', ready: 'verdict-run' },
];

describe.each(SIZES)('at $width × $height', (size) => {
  describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
    let browser: Browser;
    let server: FixtureServer;
    let fixture: () => Fixture = opened;

    beforeAll(async () => {
      await mkdir(PICTURES, { recursive: true });
      server = await serve(join(ROOT, 'dist'), () => fixture());
      browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
    });
    afterAll(async () => {
      await browser.close();
      await server.close();
    });

    it.each(LOOKS)('$name can be looked at', async (look) => {
      fixture = look.fixture;
      const context = await browser.newContext({ viewport: size, colorScheme: theme, reducedMotion: 'reduce', bypassCSP: false });
      const page = await context.newPage();
      const wrong: string[] = [];
      page.on('pageerror', (error) => wrong.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') wrong.push(message.text());
      });
      await page.goto(`${server.url}${look.hash}`);
      await page.waitForSelector(`[data-testid="${look.ready}"]`);
      await look.act?.(page, server);
      await page.screenshot({ path: join(PICTURES, `${look.name}.${theme}.${size.width}.png`), animations: 'disabled' });
      await whole(page, size, join(PICTURES, `${look.name}.${theme}.${size.width}.whole.png`));
      expect(wrong).toEqual([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(wide, 'the page is wider than the window').toBeLessThanOrEqual(0);
      expect(await violations(page)).toEqual([]);
      await context.close();
    });
  });
});

/** A second picture of a screen that goes on below the window: as high as all of it. */
async function whole(page: Page, size: { width: number; height: number }, path: string): Promise<void> {
  const hidden = await page.evaluate(() => { const main = document.querySelector('main'); return main ? main.scrollHeight - main.clientHeight : 0; });
  if (hidden <= 0) return;
  await page.setViewportSize({ width: size.width, height: size.height + hidden });
  await page.screenshot({ path, animations: 'disabled' });
  await page.setViewportSize(size);
}

/** What axe finds wrong, by WCAG 2.2 AA. The policy of the page holds for what is injected too, so it is evaluated. */
async function violations(page: Page): Promise<string[]> {
  const { readFile } = await import('node:fs/promises');
  await page.evaluate(await readFile(AXE, 'utf8'));
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (node: Document, options: object) => Promise<{ violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[] }> } };
    const found = await axe.run(document, { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] } });
    return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary.replaceAll('\n', ' ')}`));
  });
}
