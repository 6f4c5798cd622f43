import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Download, Page } from 'playwright-core';
import { readRecord, sha256 } from '../calls/records.js';
import { run } from '../cli/run.js';
import type { LoopbackHub } from '../hub/server.mjs';
import { data } from '../paths.js';
import { filesOf } from '../publish/kit.js';
import * as kit from './kit.js';

const NAME = 'SmolLM2-135M-Instruct';
const MODEL = `HuggingFaceTB/${NAME}`;
const TYPES = ['Q4_K_M', 'Q8_0'] as const;
/** Bytes a second of the Hub's line: the conversion takes long enough to be looked at, and no longer. */
const RATE = 30e6;

const why = kit.noBrowser ?? (data === undefined ? 'HF2GGUF_DATA is not set' : null);
const title = `a visit with ${NAME}${why === null ? '' : ` (skipped: ${why})`}`;
const fileOf = (type: string) => `${NAME}-${type}.gguf`;

let folder: string;
let hub: LoopbackHub;
let server: kit.Server;
let browser: Browser;
/** The sizes that the command line plans, and the hashes of what it writes. */
let sizes: ReadonlyMap<string, number>;
let hashes: ReadonlyMap<string, string>;
const troubles: string[] = [];

(why === null ? describe : describe.skip)(title, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hf2gguf-visit-'));
    const repositories = join(folder, 'hub/HuggingFaceTB');
    const made = spawnSync('sh', [join(data ?? '', 'models/get-smollm2.sh'), repositories], { encoding: 'utf8' });
    expect({ status: made.status, stderr: made.status === 0 ? '' : made.stderr }).toEqual({ status: 0, stderr: '' });
    hub = await kit.hubOf(join(folder, 'hub'), RATE);
    const empty = mkdtempSync(join(folder, 'empty-'));
    server = await kit.serve(hub, empty, '--port', '0');
    browser = await kit.launch();
    const model = join(repositories, NAME);
    sizes = await planned(model);
    hashes = await written(model, join(folder, 'cli/'));
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await server.stop();
    await hub.close();
    rmSync(folder, { recursive: true, force: true });
  });

  afterEach(() => expect(troubles.splice(0)).toEqual([]));

  test('by mouse: search, sizes, progress through a reload, downloads, publishing, history', async () => {
    const page = await kit.visit(browser, server.address, troubles, look('desktop', 'light'));
    await page.getByRole('combobox').pressSequentially('smollm2');
    await page.getByRole('option', { name: new RegExp(`^${MODEL}`) }).click();
    await kit.tickOnly(page, TYPES);
    for (const [type, size] of sizes) {
      const row = page.locator('label.type', { has: page.locator(`input[value="${type}"]`) });
      expect(await row.locator('.size').textContent()).toContain(size.toLocaleString('en'));
    }
    // That types fall back to others stands with each of them, and nowhere else.
    expect(await page.getByText('of the weights get another type').count()).toBeGreaterThan(0);
    expect(await page.locator('.warning').count()).toBe(0);
    await kit.inspect(page, 'smollm2-model');
    await page.getByRole('button', { name: 'Convert' }).click();
    await progressed(page);
    await kit.inspect(page, 'smollm2-running');
    await page.reload();
    await progressed(page);
    for (const type of TYPES) {
      const link = page.getByRole('link', { name: `Download ${fileOf(type)}` });
      await link.waitFor({ timeout: 60_000 });
      await expectFile(type, await downloaded(page, () => link.click()));
    }
    await publish(page, 'me/ByMouse-GGUF', async () => {
      await page.getByLabel('Your repository on Hugging Face').fill('me/ByMouse-GGUF');
      await page.getByRole('button', { name: 'Publish' }).click();
    });
    await kit.inspect(page, 'smollm2-published');
    await page.getByRole('link', { name: 'Conversions', exact: true }).click();
    await page.getByText('published in me/ByMouse-GGUF').waitFor();
    expect(await page.locator('.jobs li').count()).toBe(2);
    await page.context().close();
  }, 120_000);

  test('by keyboard alone, on a phone: what is made already is there at once', async () => {
    const page = await kit.visit(browser, server.address, troubles, look('phone', 'dark'));
    await kit.tabTo(page, 'Model on Hugging Face');
    await page.keyboard.type('smollm2');
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('checkbox').first().waitFor();
    // Q6_K is recommended, and ticked at first.
    for (const type of ['Q8_0', 'Q6_K', 'Q4_K_M']) {
      await kit.tabTo(page, type);
      await page.keyboard.press('Space');
    }
    await kit.inspect(page, 'smollm2-model-keyboard');
    await page.keyboard.press('Enter');
    await page
      .getByRole('link', { name: /^Download/ })
      .first()
      .waitFor();
    for (const type of TYPES) {
      await kit.tabTo(page, `Download ${fileOf(type)}`);
      await expectFile(type, await downloaded(page, () => page.keyboard.press('Enter')));
    }
    await publish(page, 'me/ByKeyboard-GGUF', async () => {
      await kit.tabTo(page, 'Your repository on Hugging Face');
      await page.keyboard.type('me/ByKeyboard-GGUF');
      await page.keyboard.press('Enter');
    });
    await kit.tabTo(page, 'me/ByKeyboard-GGUF');
    await page.context().close();
  }, 120_000);

  test.each(kit.LOOKS)(
    'what there is fits a %s, and has no barrier (%s)',
    async (name, colorScheme) => {
      const page = await kit.visit(browser, server.address, troubles, look(name, colorScheme));
      const inspect = (view: string) => kit.inspect(page, `smollm2-${view}-${name}-${colorScheme}`);
      await page.getByText('Your conversions').waitFor();
      const made = page.locator('.jobs li a').filter({ hasNotText: 'published' });
      await made.waitFor();
      await inspect('home');
      await made.click();
      await page.getByRole('heading', { name: 'Publish it' }).waitFor();
      await inspect('done');
      await page.getByRole('link', { name: 'All types of this model' }).click();
      await page.getByRole('checkbox').first().waitFor();
      await inspect('types');
      await page.context().close();
    },
    60_000,
  );
});

function look(name: string, colorScheme: 'light' | 'dark') {
  const viewport = kit.LOOKS.find(([own]) => own === name)?.[2];
  return { colorScheme, ...(viewport && { viewport }) };
}

/** What `--dry-run` says of each type that the page offers. */
async function planned(model: string): Promise<Map<string, number>> {
  const types = 'f16,bf16,q8_0,q6_k,q5_k_m,q4_k_m,q4_0,q3_k_m,q2_k';
  const { out } = await run([model, '--quant', types, '--dry-run', '--json']);
  const { files } = JSON.parse(out) as { files: { type: string; size: number }[] };
  return new Map(files.map(({ type, size }) => [type, size]));
}

/** The hashes of what the command line writes; where the reference's are known, they are the same. */
async function written(model: string, out: string): Promise<Map<string, string>> {
  const { code, err } = await run([model, '--quant', TYPES.join(','), '--out', out]);
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
  const found = new Map(TYPES.map((type) => [type, sha256(join(out, fileOf(type)))]));
  for (const type of TYPES) {
    const record = join(data ?? '', `models/${NAME}.expected/quantize-${type}.json`);
    if (existsSync(record)) {
      expect([type, found.get(type)]).toEqual([type, readRecord(record).sha256]);
    }
  }
  return found;
}

/** Waits until a share of the weights is converted. */
async function progressed(page: Page): Promise<void> {
  await page.getByText('Converting the weights').first().waitFor();
  await page.locator('progress[value]').waitFor();
  await page.getByText(/ of 269.MB/).waitFor();
}

async function downloaded(page: Page, begin: () => Promise<void>): Promise<Download> {
  const download = page.waitForEvent('download');
  await begin();
  return download;
}

async function expectFile(type: string, download: Download): Promise<void> {
  expect(download.suggestedFilename()).toBe(fileOf(type));
  expect([type, sha256(await download.path())]).toEqual([type, hashes.get(type)]);
  await download.delete();
}

/** Publishes, and finds one commit on the Hub with the files. */
async function publish(page: Page, to: string, send: () => Promise<void>): Promise<void> {
  await send();
  await page.getByRole('link', { name: to }).waitFor({ timeout: 60_000 });
  // The first commit is the empty repository's.
  expect(hub.repos.written(to).summaries).toEqual([`${TYPES.join(', ')} of ${NAME}`]);
  const files = await filesOf(hub, to);
  expect([...files.keys()]).toEqual(['README.md', ...TYPES.map(fileOf), 'hf2gguf.json']);
  const { files: stated } = JSON.parse(`${files.get('hf2gguf.json')}`);
  expect(new Map(stated.map(({ type, parts }: Stated) => [type, parts[0]?.sha256]))).toEqual(hashes);
}

interface Stated {
  readonly type: string;
  readonly parts: readonly { readonly sha256: string }[];
}
