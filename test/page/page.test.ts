import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { readRecord } from '../calls/records.js';
import { type Started, start } from '../cli/run.js';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { filesOf, TOKEN } from '../publish/kit.js';
import { tempFolder } from '../temp.js';

/** Debian's. */
const CHROMIUM = '/usr/bin/chromium';
const LOGIN = 'a token that nobody guesses';
/** Bytes a second of the Hub's line where a conversion is to be seen at work. */
const SLOW = 800_000;
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1440, height: 900 };
/** Where pictures of the views go, to be looked at. */
const PICTURES = process.env.HF2GGUF_PICTURES ?? tempFolder();

const isThere = existsSync(CHROMIUM);
const title = `the page in a browser${isThere ? '' : ` (skipped: there is no ${CHROMIUM})`}`;

let browser: Browser;
let hub: LoopbackHub;
let server: Started;
let address: string;
let data: string;
let context: BrowserContext;
/** Errors of the page's code, and requests to other hosts. */
const troubles: string[] = [];

(isThere ? describe : describe.skip)(title, () => {
  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
  });
  afterAll(() => browser.close());

  afterEach(async () => {
    await context.close();
    await stop();
    await hub.close();
    expect(troubles.splice(0)).toEqual([]);
  });

  test('a visit: search, sizes, order, progress through a reload, files', async () => {
    await serve({ rate: SLOW });
    const page = await visit();
    await page.getByRole('combobox').fill('verse');
    await page.getByRole('option', { name: /org\/Tiny-Verse-2M/ }).click();
    await page.getByText('cc0-1.0').waitFor();
    const facts = await page.locator('dl.facts').textContent();
    expect(facts).toMatch(/llama/);
    // The exact sizes of the files, as the reference writes them.
    const q8 = page.getByRole('checkbox', { name: /^Q8_0/ });
    await expect(page.locator('label.type', { has: q8 }).textContent()).resolves.toContain('2,195,392');
    expect(await page.getByText('recommended').count()).toBe(1);
    await tickOnly(page, ['Q4_K_M', 'Q8_0']);
    await page.getByRole('button', { name: 'Convert' }).click();
    await page
      .getByText(/Converting the weights/)
      .first()
      .waitFor();
    await picture(page, 'running');
    await page.reload();
    await page
      .getByText(/Converting the weights/)
      .first()
      .waitFor();
    await page.getByText('stage 3 of 4').waitFor();
    await page
      .getByRole('link', { name: /^Download/ })
      .first()
      .waitFor({ timeout: 60_000 });
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
    await page.getByText('published in me/Verse-GGUF', { exact: true }).waitFor({ timeout: 60_000 });
    expect((await filesOf(hub, 'me/Verse-GGUF')).has('README.md')).toBe(true);
    await picture(page, 'published');
    await page.getByRole('link', { name: 'Conversions', exact: true }).click();
    await page.locator('.jobs li').first().waitFor();
    expect(await page.locator('.jobs li').count()).toBe(2);
  }, 120_000);

  test('a conversion that workers share is one, whose progress is that of all parts', async () => {
    await serve({ rate: SLOW }, ['--workers', '2', '--share-from', '1K']);
    const page = await visit();
    await page.goto(`${address}#/org/Tiny-Verse-2M`);
    await tickOnly(page, ['Q4_K_M', 'Q8_0']);
    await page.getByRole('button', { name: 'Convert' }).click();
    await page.getByRole('progressbar', { name: 'Converting in parts' }).waitFor();
    await picture(page, 'shared');
    const [q4 = 0, q8 = 0] = ['Q4_K_M', 'Q8_0'].map((type) => {
      return readRecord(join(fixtures, `Tiny-Verse-2M.expected/quantize-${type}.json`)).size;
    });
    await page.getByText(new RegExp(` of ${((q4 + q8) / 1e6).toPrecision(3)}\\sMB`)).waitFor();
    await page
      .getByRole('link', { name: /^Download/ })
      .first()
      .waitFor({ timeout: 60_000 });
    expect(await page.locator('.files li').count()).toBe(2);
  }, 120_000);

  test('the keyboard alone does', async () => {
    await serve();
    const page = await visit();
    await page.keyboard.type('tiny');
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('checkbox').first().waitFor();
    await tabTo(page, 'Q2_K');
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await page
      .getByRole('link', { name: /^Download/ })
      .first()
      .waitFor({ timeout: 60_000 });
    expect(await page.locator('.files').textContent()).toContain('Q2_K');
    await tabTo(page, 'Download');
  }, 120_000);

  test.each([
    ['phone', PHONE, 'light'],
    ['phone', PHONE, 'dark'],
    ['desktop', DESKTOP, 'light'],
    ['desktop', DESKTOP, 'dark'],
  ] as const)(
    'every view fits a %s, and has no barrier (%j, %s)',
    async (name, viewport, colorScheme) => {
      await serve();
      const page = await visit({ viewport, colorScheme });
      const look = async (view: string) => {
        await picture(page, `${view}-${name}-${colorScheme}`);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        expect({ view, width }).toEqual({ view, width: viewport.width });
        expect({ view, barriers: await barriers(page) }).toEqual({ view, barriers: [] });
      };
      await page.getByRole('heading', { level: 1 }).waitFor();
      await look('home');
      await page.goto(`${address}#/org/Tiny-Verse-2M`);
      await page.getByRole('checkbox').first().waitFor();
      await look('model');
      await tickOnly(page, ['Q4_0']);
      await page.getByRole('button', { name: 'Convert' }).click();
      await page.getByRole('link', { name: /^Download/ }).waitFor({ timeout: 60_000 });
      await look('done');
      await page.goto(`${address}#/jobs`);
      await page.locator('.jobs li').first().waitFor();
      await look('jobs');
      await page.goto(`${address}#/org/none`);
      await page.getByRole('alert').waitFor();
      await look('refused');
    },
    120_000,
  );

  test('a lost connection is said, and the page goes on when the server is there again', async () => {
    await serve({ rate: SLOW });
    const page = await visit();
    await page.goto(`${address}#/org/Tiny-Verse-2M`);
    await tickOnly(page, ['Q8_0']);
    await page.getByRole('button', { name: 'Convert' }).click();
    await page
      .getByText(/Converting the weights/)
      .first()
      .waitFor();
    await stop();
    await page.getByText(/connection is lost/).waitFor();
    await begin(new URL(address).port);
    await page.getByRole('link', { name: /^Download/ }).waitFor({ timeout: 60_000 });
    expect(await page.getByText(/connection is lost/).count()).toBe(0);
  }, 120_000);

  test('with a log-in, nothing is shown before', async () => {
    await serve({}, ['--auth', 'token']);
    const page = await visit();
    await page.getByLabel('Token of this server').fill('a wrong one');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('This is not the token of this server.').waitFor();
    await picture(page, 'log-in');
    expect(await barriers(page)).toEqual([]);
    await page.getByLabel('Token of this server').fill(LOGIN);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('combobox').waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Token of this server').waitFor();
  }, 60_000);
});

async function serve(options: { rate?: number } = {}, args: readonly string[] = []): Promise<void> {
  const root = tempFolder();
  cpSync(join(fixtures, 'Tiny-Verse-2M'), join(root, 'org/Tiny-Verse-2M'), { recursive: true });
  hub = await startHub(root, { ...options, tokens: { [TOKEN]: { user: 'me' } } });
  data = tempFolder();
  await begin('0', args);
}

async function begin(port: string, args: readonly string[] = []): Promise<void> {
  const env = {
    HF_ENDPOINT: hub.endpoint,
    HF_HUB_OFFLINE: '0',
    HF_HOME: data,
    HF_TOKEN: TOKEN,
    HF2GGUF_SERVE_TOKEN: LOGIN,
  };
  server = start(['serve', '--port', port, '--data', data, ...args], env);
  address = await new Promise((resolve) => {
    server.child.stdout?.on('data', (piece: Buffer) => resolve(/http:\S+/.exec(`${piece}`)?.[0] ?? ''));
  });
}

async function stop(): Promise<void> {
  server.child.kill('SIGTERM');
  await server.finished;
}

async function visit(options: BrowserContextOptions = {}): Promise<Page> {
  context = await browser.newContext(options);
  const page = await context.newPage();
  const { host } = new URL(address);
  page.on('request', (request) => {
    if (new URL(request.url()).host !== host) {
      troubles.push(`asks ${request.url()}`);
    }
  });
  page.on('pageerror', (error) => {
    troubles.push(`${error}`);
  });
  await page.goto(address);
  return page;
}

/** What is recommended is ticked at first. */
async function tickOnly(page: Page, types: readonly string[]): Promise<void> {
  await page.getByRole('checkbox').first().waitFor();
  for (const box of await page.getByRole('checkbox').all()) {
    await box.setChecked(types.includes((await box.getAttribute('value')) ?? ''));
  }
}

/** Presses the tab key until something has the focus whose name begins so. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const own = document.activeElement;
      return own instanceof HTMLInputElement ? own.value : (own?.getAttribute('aria-label') ?? own?.textContent ?? '');
    });
    if (focused.startsWith(name)) {
      return;
    }
  }
  throw new Error(`The tab key does not come to ${name}.`);
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds. It is put into the page past its policy, which forbids scripts of others. */
async function barriers(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: AXE });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`,
    ...{ awaitPromise: true, returnByValue: true },
  });
  return result.value as string[];
}

async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}
