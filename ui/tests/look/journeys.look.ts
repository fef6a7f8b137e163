// What a person does, by pointer and by keys, and what the core is asked because of it.

import { join } from 'node:path';

import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { fresh, opened, stranger } from './fixture';
import { BACKTEST, SELFTEST_ENDED, SELFTEST_RUNNING } from './fixture/author';
import { RUN } from './fixture/history';
import { SOURCE, TRUST } from './fixture/workspace';
import { type Fixture, type FixtureServer, serve } from './server';

let browser: Browser;
let server: FixtureServer;
let page: Page;
let fixture: Fixture = opened();

const asked = (name: string): unknown[] => server.called.filter((call) => call.name === name).map((call) => call.args);
const id = (name: string): string => `[data-testid="${name}"]`;

beforeAll(async () => {
  server = await serve(join(new URL('../..', import.meta.url).pathname, 'dist'), () => fixture);
  browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser.close();
  await server.close();
});
beforeEach(async () => {
  server.called.length = 0;
  fixture = opened();
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
});
afterEach(() => page.close());

async function at(hash: string, ready: string): Promise<void> {
  await page.goto(`${server.url}${hash}`);
  await page.waitForSelector(id(ready));
}

/** What has the focus. */
const focused = (): Promise<string | null> => page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? null);

/** Presses a button that says it is disabled: it can be reached, and does nothing. */
async function press(name: string): Promise<void> {
  await page.click(id(name), { force: true });
}

describe('getting started', () => {
  it('opens the sample with one click and offers its run', async () => {
    fixture = fresh();
    await at('#/home', 'try-sample');
    expect(await page.getAttribute(id('run-start'), 'aria-disabled')).toBe('true');
    await page.click(id('try-sample'));
    await page.waitForSelector(id('plan-lines'));
    expect(asked('sample_open')).toHaveLength(1);
    expect(page.url()).toContain('#/specs');
  });

  it('goes everywhere by keys', async () => {
    await at('#/home', 'health');
    for (const [key, screen] of [['2', 'specs'], ['3', 'run'], ['4', 'verdict'], ['5', 'versions'], ['6', 'releases'], ['1', 'home']] as const) {
      await page.keyboard.press(`Control+${key}`);
      await page.waitForSelector(`main[data-screen="${screen}"]`);
    }
    await page.keyboard.press('Control+k');
    await page.keyboard.type('verd');
    await page.keyboard.press('Enter');
    await page.waitForSelector('main[data-screen="verdict"]');
  });

  it('shows what a stranger’s folder asks for, and trusts nothing that was not looked at', async () => {
    fixture = stranger();
    await at('#/trust', 'trust-give');
    await press('trust-give');
    expect(asked('trust_give')).toEqual([]);
    for (const text of ['reset.sh', 'shipit', 'collect.example.net served', 'GITHUB_TOKEN']) await page.click(`button.case:has-text("${text}")`);
    await page.click(id('trust-give'));
    await page.waitForSelector('main[data-screen="specs"]');
    expect(asked('trust_give')).toEqual([{ digest: TRUST.digest }]);
  });
});

describe('a spec', () => {
  it('is checked while it is typed, saved against what was read, and typed text survives leaving and another start', async () => {
    await at('#/specs', 'plan-lines');
    await page.waitForSelector('.cm-lintRange-error');
    await page.click('.cm-line >> nth=1');
    await page.keyboard.press('End');
    await page.keyboard.type(' of the shop');
    await page.waitForFunction(() => document.querySelector('[data-testid="save-state"]')?.textContent === 'unsaved');
    await expect.poll(() => asked('spec_check').length).toBeGreaterThan(0);
    await page.keyboard.press('Control+3');
    await page.waitForSelector(id('run-facts'));
    await page.keyboard.press('Control+2');
    await page.waitForSelector('.cm-line:has-text("Refund questions of the shop")');
    await page.reload();
    await page.waitForSelector('.cm-line:has-text("Refund questions of the shop")');
    await page.waitForSelector(`${id(`file-${SOURCE.file}`)}:has-text("unsaved")`);
    await page.click(id('spec-save'));
    await page.waitForFunction(() => document.querySelector('[data-testid="save-state"]')?.textContent === 'saved');
    expect(asked('spec_save')).toEqual([{ file: SOURCE.file, digest: SOURCE.digest, text: expect.stringContaining('of the shop') }]);
  });

  it('offers what may be written, with what it means', async () => {
    await at('#/specs', 'plan-lines');
    await page.click('.cm-line:has-text("trials: 5")');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.keyboard.type('ta');
    await page.waitForSelector('.cm-tooltip-autocomplete li:has-text("tags")');
    await page.click('.cm-tooltip-autocomplete li:has-text("tags")');
    await page.waitForSelector('.cm-line:has-text("tags: ")');
  });

  it('is mended by a key', async () => {
    await at('#/specs?file=specs%2Frefunds.yaml&line=18', 'plan-lines');
    await page.waitForSelector('.cm-lintRange-error');
    await page.focus('.cm-content');
    await page.keyboard.press('Control+.');
    await page.waitForSelector('.cm-line:has-text("tool_call:")');
    await page.waitForSelector('.cm-lintRange-error', { state: 'detached' });
  });
});

describe('a gate beside its spec', () => {
  it('leaves the focus to what stops its test, and then to what begins it again', async () => {
    let state = { ...SELFTEST_RUNNING };
    fixture = { ...opened(), spec_source: () => ({ ...SOURCE, diagnostics: [] }), selftest_state: () => state };
    await at('#/specs?tab=selftest', 'selftest-start');
    await page.focus(id('selftest-start'));
    await page.keyboard.press('Enter');
    await expect.poll(focused).toBe('selftest-cancel');
    state = { ...SELFTEST_ENDED };
    server.tell({ seq: 1, at: 0, what: { kind: 'selftest_moved', selftest: '1', ended: true } });
    await page.waitForSelector(id('selftest'));
    await expect.poll(focused).toBe('selftest-start');
  });

  it('is tested once, stopped by a click, and shows what was found also after another screen', async () => {
    let state = { ...SELFTEST_RUNNING };
    fixture = { ...opened(), spec_source: () => ({ ...SOURCE, diagnostics: [] }), selftest_state: () => state };
    await at('#/specs', 'plan-lines');
    await page.click(id('tab-selftest'));
    await page.click(id('selftest-start'));
    await page.waitForSelector(`${id('selftest-running')}:has-text("5,200 of 12,000")`);
    expect(asked('selftest_start')).toEqual([{ spec: 'refunds', text: null, assumed: false }]);
    await page.click(id('selftest-cancel'));
    await expect.poll(() => asked('selftest_cancel')).toEqual([{ selftest: '1' }]);
    state = { ...SELFTEST_ENDED };
    await page.keyboard.press('Control+3');
    await page.waitForSelector(id('run-facts'));
    server.tell({ seq: 1, at: 0, what: { kind: 'selftest_moved', selftest: '1', ended: true } });
    await page.goBack();
    await page.waitForSelector(`${id('selftest')}[data-mark="undecided"]`);
    expect(await page.textContent(id('unseen'))).toContain('This gate cannot see one broken tag: gift, 61 in 100 pass.');
    expect(asked('selftest_start')).toHaveLength(1);
  });

  it('says so when the spec was changed since it was tested, and tests what is typed', async () => {
    fixture = { ...opened(), spec_source: () => ({ ...SOURCE, diagnostics: [], text: 'name: refunds\n' }) };
    await at('#/specs?tab=selftest', 'selftest-start');
    await page.click(id('selftest-start'));
    await page.waitForSelector(id('selftest-rates'));
    expect(await page.locator('text=reads otherwise now').count()).toBe(0);
    await page.click('.cm-line >> nth=0');
    await page.keyboard.press('End');
    await page.keyboard.type('2');
    await page.waitForSelector('text=reads otherwise now');
    await page.click(id('selftest-start'));
    await expect.poll(() => asked('selftest_start').at(-1)).toEqual({ spec: 'refunds', text: 'name: refunds2\n', assumed: false });
  });

  it('says what it would have said of past versions, and leads to what was said', async () => {
    await at('#/specs?tab=backtest', 'backtest');
    expect(await page.locator(id('backtest-row')).count()).toBe(BACKTEST.rows.length);
    expect(await page.getAttribute(`${id('backtest-row')}:has-text("v10")`, 'data-change')).toBe('stricter');
    await page.click(`${id('backtest-row')}:has-text("v10") .then`);
    await page.waitForSelector('main[data-screen="verdict"]');
  });
});

describe('a run', () => {
  it('keeps ten thousand rows out of the page and asks for those in sight', async () => {
    await at('#/run', 'run-facts');
    await page.waitForSelector('#row-0');
    expect(await page.locator('tbody tr[data-state]').count()).toBeLessThan(60);
    await page.locator(id('run-rows')).evaluate((element) => element.scrollTo({ top: 5000 * 32 }));
    await page.waitForSelector('#row-5000');
    const last = asked('run_rows').at(-1) as { offset: number; limit: number };
    expect(last.offset).toBeLessThanOrEqual(5000);
    expect(last.offset + last.limit).toBeGreaterThan(5010);
    expect(await page.locator('tbody tr[data-state]').count()).toBeLessThan(60);
  });

  it('moves on when the core says so', async () => {
    await at('#/run', 'run-facts');
    fixture = { ...opened(), run_state: () => ({ run: { ...RUN, phase: 'ended', sentence: 'Ran refunds on v14' } }) };
    server.tell({ seq: 1, at: 0, what: { kind: 'run_moved', run: RUN.run, ended: true } });
    await page.waitForSelector(`${id('run-sentence')}[data-phase="ended"]`);
    expect(await page.locator(id('run-cancel')).count()).toBe(0);
  });

  it('is cancelled once', async () => {
    await at('#/run', 'run-facts');
    await page.click(id('run-cancel'));
    await expect.poll(() => asked('run_cancel')).toEqual([{ run: RUN.run }]);
  });
});

describe('a verdict', () => {
  it('shows the answer to another case with J, and what an agent said as text', async () => {
    await at('#/verdict', 'answer');
    await page.waitForSelector('.said');
    await page.focus('button.case.is-selected');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => window.location.hash.includes('case=damaged-item'));
    await expect.poll(() => asked('case_answers').at(-1)).toEqual({ verdict: 'sha256:aa', case: 'damaged-item' });
    await page.waitForSelector('.said .hid:has-text("U+202E")');
  });

  it('leads to the line of the rule that was broken', async () => {
    await at('#/verdict', 'answer');
    await page.click('.note .link:has-text("line 12")');
    await page.waitForSelector('.cm-activeLine:has-text("regex")');
  });
});

describe('a narrow window', () => {
  it('shows the text or its gate, and a way to a line leads to the text', async () => {
    fixture = { ...opened(), spec_source: () => ({ ...SOURCE, diagnostics: [] }) };
    await page.setViewportSize({ width: 900, height: 600 });
    await at('#/specs', 'save-state');
    expect(await page.isVisible(id('plan-lines'))).toBe(false);
    await page.click(id('side-gate'));
    await page.waitForSelector(id('plan-lines'));
    expect(await page.isVisible(id('save-state'))).toBe(false);
    await page.click(id('tab-selftest'));
    await page.click(id('selftest-start'));
    await page.click('.link:has-text("to the gate")');
    await page.waitForSelector(id('save-state'));
    await page.waitForSelector('.cm-activeLine');
  });
});

describe('a release', () => {
  it('rolls back in two clicks, against what was seen live', async () => {
    await at('#/releases', 'history');
    await page.click(id('rollback-production'));
    await page.waitForSelector(id('confirm-yes'));
    await page.keyboard.press('Enter');
    await expect.poll(() => asked('rollback')).toEqual([expect.objectContaining({ environment: 'production', seen: 'revision-7' })]);
  });

  it('is left by Esc without a trace', async () => {
    await at('#/releases', 'history');
    await page.click(id('rollback-production'));
    await page.waitForSelector(id('confirm-yes'));
    await page.keyboard.press('Escape');
    await page.waitForSelector(id('confirm'), { state: 'detached' });
    expect(asked('rollback')).toEqual([]);
  });

  it('does nothing where the gate says no, and says why', async () => {
    await at('#/releases', 'history');
    await press('promote-staging');
    expect(await page.textContent(id('promote-reason-staging'))).toBe('blocked by refunds: 72 of 89');
    expect(asked('promote_preview')).toEqual([]);
  });

  it('needs a reason and a name against the verdict', async () => {
    await at('#/releases', 'history');
    await page.click(id('override-staging'));
    await page.waitForSelector(id('override-reason'));
    await press('confirm-yes');
    expect(asked('promote')).toEqual([]);
    await page.fill(id('override-reason'), 'strike notice');
    await page.fill(id('override-by'), 'Mara Okafor');
    await page.click(id('confirm-yes'));
    await expect.poll(() => asked('promote')).toEqual([expect.objectContaining({ environment: 'staging', word: { by: 'Mara Okafor', reason: 'strike notice' } })]);
  });

  it('offers the way back while the outcome is unknown, and freezes what would go forward', async () => {
    await at('#/releases', 'history');
    expect(await page.getAttribute(id('promote-partners'), 'aria-disabled')).toBe('true');
    expect(await page.getAttribute(id('rollback-partners'), 'aria-disabled')).toBeNull();
    await page.click(id('settle-partners'));
    await expect.poll(() => asked('settle')).toEqual([{ environment: 'partners' }]);
  });
});

describe('versions', () => {
  it('are walked by keys, opened, and taken into a comparison', async () => {
    await at('#/versions', 'identity');
    await page.focus(id('timeline'));
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() => window.location.hash.includes('c07e55d1a3f8'));
    await page.keyboard.press('c');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('c');
    await page.waitForSelector(id('comparison'));
    expect(asked('compare')).toHaveLength(1);
    expect((asked('compare')[0] as { before: string }).before).toContain('9b41f0c2d7ae');
    await page.keyboard.press('Enter');
    await page.waitForSelector('main[data-screen="verdict"]');
  });

  it('have the focus again where a comparison was closed, and the timeline has it where all is shown', async () => {
    await at('#/versions?before=a&after=b', 'comparison');
    await page.focus(`${id('comparison')} > header > button:last-of-type`);
    await page.keyboard.press('Enter');
    await expect.poll(focused).toBe('compare');
    await page.focus(id('timeline'));
    await page.keyboard.press('Shift+ArrowLeft');
    await page.focus('.btn:has-text("Show all")');
    await page.keyboard.press('Enter');
    await expect.poll(focused).toBe('timeline');
  });
});
