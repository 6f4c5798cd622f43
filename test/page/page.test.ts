import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { FIGURES } from '#src/publish/quality-words.js';
import type { Job } from '#src/server/api.js';
import { readRecord } from '../calls/records.js';
import { PlacedFaults } from '../hub/faults.mjs';
import type { LoopbackHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { filesOf } from '../publish/kit.js';
import { tempFolder } from '../temp.js';
import * as kit from './kit.js';

/** Bytes a second of the Hub's line where a conversion is to be seen at work. */
const SLOW = 800_000;
const { noBrowser } = kit;
const title = `the page in a browser${noBrowser === null ? '' : ` (skipped: ${noBrowser})`}`;

let browser: Browser;
let hub: LoopbackHub;
let server: kit.Server;
let folder: string;
let visitor: Page;
const troubles: string[] = [];

(noBrowser === null ? describe : describe.skip)(title, () => {
  beforeAll(async () => {
    browser = await kit.launch();
  });
  afterAll(() => browser.close());

  afterEach(async () => {
    await visitor.context().close();
    await server.stop();
    await hub.close();
    expect(troubles.splice(0)).toEqual([]);
  });

  test('a visit: search, sizes, order, progress through a reload, files', async () => {
    await serve(SLOW);
    const page = await visit();
    await page.getByRole('combobox').fill('verse');
    await page.getByRole('option', { name: /org\/Tiny-Verse-2M/ }).click();
    await page.getByText('cc0-1.0').waitFor();
    const facts = page.locator('dl.facts');
    expect(await facts.textContent()).toMatch(/llama/);
    // The page of the model on the Hub that the server reads.
    expect(await facts.getByRole('link').getAttribute('href')).toMatch(`${hub.endpoint}/org/Tiny-Verse-2M/tree/`);
    // The exact sizes of the files, as the reference writes them.
    const q8 = page.getByRole('checkbox', { name: /^Q8_0/ });
    await expect(page.locator('label.type', { has: q8 }).textContent()).resolves.toContain('2,195,392');
    expect(await page.getByText('recommended').count()).toBe(1);
    await kit.tickOnly(page, ['Q4_K_M', 'Q8_0']);
    await page.getByRole('button', { name: 'Convert' }).click();
    await converting(page);
    await kit.inspect(page, 'running');
    await page.reload();
    await converting(page);
    await page.getByText('stage 3 of 4').waitFor();
    await downloadable(page);
    for (const type of ['Q4_K_M', 'Q8_0']) {
      const download = page.waitForEvent('download');
      await page.getByRole('link', { name: new RegExp(`^Download .*${type}`) }).click();
      const path = await (await download).path();
      const record = JSON.parse(readFileSync(join(fixtures, `Tiny-Verse-2M.expected/quantize-${type}.json`), 'utf8'));
      expect(readFileSync(path).length).toBe(record.size);
    }
    expect(await page.locator('dl.commands').textContent()).toContain('llama-cli -m Tiny-Verse-2M-Q4_K_M.gguf');
    await page.getByLabel('Your repository on Hugging Face').fill('me/Verse-GGUF');
    await page.getByRole('button', { name: 'Publish' }).click();
    const published = page.getByRole('link', { name: 'me/Verse-GGUF' });
    await published.waitFor({ timeout: 60_000 });
    expect(await published.getAttribute('href')).toBe(`${hub.endpoint}/me/Verse-GGUF`);
    expect((await filesOf(hub, 'me/Verse-GGUF')).has('README.md')).toBe(true);
    await kit.inspect(page, 'published');
    await page.getByRole('link', { name: 'Conversions', exact: true }).click();
    await page.locator('.jobs li').first().waitFor();
    expect(await page.locator('.jobs li').allTextContents()).toEqual([
      expect.stringMatching(/^org\/Tiny-Verse-2MDoneQ4_K_M, Q8_0 · 3.48.MB · published in me\/Verse-GGUF/),
      expect.stringMatching(/^org\/Tiny-Verse-2MDoneQ4_K_M, Q8_0 · 3.48.MB\w/),
    ]);
  }, 120_000);

  test('a conversion that workers share is one, whose progress is that of all parts', async () => {
    await serve(SLOW, '--workers', '2', '--share-from', '1K');
    const page = await visit();
    await page.goto(`${server.address}#/org/Tiny-Verse-2M`);
    await kit.tickOnly(page, ['Q4_K_M', 'Q8_0']);
    await page.getByRole('button', { name: 'Convert' }).click();
    await page.getByRole('progressbar', { name: 'Converting in parts' }).waitFor();
    await kit.inspect(page, 'shared');
    const [q4 = 0, q8 = 0] = ['Q4_K_M', 'Q8_0'].map((type) => {
      return readRecord(join(fixtures, `Tiny-Verse-2M.expected/quantize-${type}.json`)).size;
    });
    await page.getByText(new RegExp(` of ${((q4 + q8) / 1e6).toPrecision(3)}\\sMB`)).waitFor();
    await downloadable(page);
    expect(await page.locator('.files li').count()).toBe(2);
  }, 120_000);

  test('the keyboard alone does', async () => {
    await serve();
    const page = await visit();
    await page.locator('[role=combobox]:focus').waitFor();
    await page.keyboard.type('tiny');
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('checkbox').first().waitFor();
    await kit.tabTo(page, 'Q2_K');
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await downloadable(page);
    expect(await page.locator('.files').textContent()).toContain('Q2_K');
    await kit.tabTo(page, 'Download');
  }, 120_000);

  test.each(kit.LOOKS)(
    'every view fits a %s, and has no barrier (%s)',
    async (name, colorScheme, viewport) => {
      await serve();
      const page = await visit({ viewport, colorScheme });
      const inspect = (view: string) => kit.inspect(page, `${view}-${name}-${colorScheme}`);
      await page.getByText('None yet').waitFor();
      await inspect('home');
      await page.getByRole('combobox').fill('org');
      await page.getByRole('option').first().waitFor();
      await inspect('suggestions');
      await page.goto(`${server.address}#/org/Tiny-Verse-2M`);
      await page.getByRole('checkbox').first().waitFor();
      await inspect('model');
      await kit.tickOnly(page, ['Q4_0', 'Q8_0']);
      await page.getByRole('checkbox', { name: 'Measure the quality' }).check();
      await page.getByRole('button', { name: 'Convert' }).click();
      await downloadable(page);
      const [job] = (await (await fetch(`${server.address}api/jobs`)).json()) as Job[];
      const [measured] = job?.quality?.models ?? [];
      const cells = page.getByRole('row').nth(1).getByRole('cell');
      expect((await cells.allTextContents()).map((text) => text.trim())).toEqual([
        expect.stringMatching(/^1.25.MB$/),
        ...FIGURES.map(({ text }) => measured && text(measured)),
      ]);
      const plot = page.getByRole('img', { name: /^Size against KL divergence/ });
      await plot.scrollIntoViewIfNeeded();
      expect(await plot.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
      await inspect('done');
      await page.goto(`${server.address}#/jobs`);
      await page.locator('.jobs li').first().waitFor();
      await inspect('jobs');
      await page.goto(`${server.address}#/org/none`);
      await page.getByRole('alert').waitFor();
      await inspect('refused');
      hub.placed = new PlacedFaults([{ fault: 'flipped', from: 20, lasting: true }]);
      await page.goto(`${server.address}#/org/Tiny-Verse-2M`);
      await kit.tickOnly(page, ['Q8_0']);
      await page.getByRole('button', { name: 'Convert' }).click();
      await page.getByRole('alert').waitFor({ timeout: 60_000 });
      await inspect('failed');
    },
    120_000,
  );

  test('a lost connection is said, and the page goes on when the server is there again', async () => {
    await serve(SLOW);
    const page = await visit();
    await page.goto(`${server.address}#/org/Tiny-Verse-2M`);
    await kit.tickOnly(page, ['Q8_0']);
    await page.getByRole('button', { name: 'Convert' }).click();
    await converting(page);
    await server.stop();
    await page.getByText(/connection is lost/).waitFor();
    await kit.inspect(page, 'lost');
    await begin('--port', new URL(server.address).port);
    await downloadable(page);
    expect(await page.getByText(/connection is lost/).count()).toBe(0);
  }, 120_000);

  test('with a log-in, nothing is shown before', async () => {
    await serve(undefined, '--auth', 'token');
    const page = await visit();
    await page.getByLabel('Token of this server').fill('a wrong one');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('This is not the token of this server.').waitFor();
    await kit.inspect(page, 'log-in');
    await page.getByLabel('Token of this server').fill(kit.LOGIN);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('combobox').waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Token of this server').waitFor();
  }, 60_000);
});

async function serve(rate?: number, ...args: readonly string[]): Promise<void> {
  const root = tempFolder();
  cpSync(join(fixtures, 'Tiny-Verse-2M'), join(root, 'org/Tiny-Verse-2M'), { recursive: true });
  hub = await kit.hubOf(root, rate);
  folder = tempFolder();
  await begin('--port', '0', ...args);
}

async function begin(...args: readonly string[]): Promise<void> {
  server = await kit.serve(hub, folder, ...args);
}

async function visit(options?: BrowserContextOptions): Promise<Page> {
  visitor = await kit.visit(browser, server.address, troubles, options);
  return visitor;
}

async function converting(page: Page): Promise<void> {
  await page
    .getByText(/Converting the weights/)
    .first()
    .waitFor();
}

async function downloadable(page: Page): Promise<void> {
  await page
    .getByRole('link', { name: /^Download/ })
    .first()
    .waitFor({ timeout: 60_000 });
}
