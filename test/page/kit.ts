import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { start } from '../cli/run.js';
import { type LoopbackHub, startHub } from '../hub/server.mjs';
import { TOKEN } from '../publish/kit.js';

/** Debian's. */
const CHROMIUM = '/usr/bin/chromium';
/** What users of a server with a log-in give. */
export const LOGIN = 'a token that nobody guesses';
/** Where pictures of the views go, to be looked at. */
const PICTURES = process.env.HF2GGUF_PICTURES ?? mkdtempSync(join(tmpdir(), 'hf2gguf-pictures-'));

const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1440, height: 900 };
/** How the page can be looked at. */
export const LOOKS = [
  ['phone', 'light', PHONE],
  ['phone', 'dark', PHONE],
  ['desktop', 'light', DESKTOP],
  ['desktop', 'dark', DESKTOP],
] as const;

/** Why there can be no visits here; null where there can. */
export const noBrowser = existsSync(CHROMIUM) ? null : `there is no ${CHROMIUM}`;

/** A server that was started in a folder, as a user starts one. */
export interface Server {
  readonly address: string;
  stop(): Promise<void>;
}

export async function serve(hub: LoopbackHub, folder: string, ...args: readonly string[]): Promise<Server> {
  const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '0', HF_HOME: join(folder, 'home'), HF_TOKEN: TOKEN };
  const { child, finished } = start(['serve', ...args], { ...env, HF2GGUF_SERVE_TOKEN: LOGIN }, folder);
  const address = await new Promise<string>((resolve) => {
    child.stdout?.on('data', (piece: Buffer) => resolve(/http:\S+/.exec(`${piece}`)?.[0] ?? ''));
  });
  return {
    address,
    stop: async () => {
      child.kill('SIGTERM');
      await finished;
    },
  };
}

/** A Hub on which the server's token may write. */
export function hubOf(root: string, rate?: number): Promise<LoopbackHub> {
  return startHub(root, { tokens: { [TOKEN]: { user: 'me' } }, ...(rate !== undefined && { rate }) });
}

export function launch(): Promise<Browser> {
  mkdirSync(PICTURES, { recursive: true });
  return chromium.launch({ executablePath: CHROMIUM, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

/** Opens the page for a new visitor. @param troubles gets errors of the page's code, and requests to other hosts. */
export async function visit(
  browser: Browser,
  address: string,
  troubles: string[],
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext(options);
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
  // What the policy forbids stands in the console alone.
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) {
      troubles.push(message.text());
    }
  });
  await page.goto(address);
  return page;
}

/** Ticks these types alone; what is recommended is ticked at first. */
export async function tickOnly(page: Page, types: readonly string[]): Promise<void> {
  const boxes = page.locator('.types').getByRole('checkbox');
  await boxes.first().waitFor();
  for (const box of await boxes.all()) {
    await box.setChecked(types.includes((await box.getAttribute('value')) ?? ''));
  }
}

/** Presses the tab key until something has the focus whose name begins so. */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const own = document.activeElement;
      if (own instanceof HTMLInputElement && own.type === 'checkbox' && own.name === 'type') {
        return own.value;
      }
      const label = own instanceof HTMLInputElement ? own.labels?.[0]?.textContent : null;
      return own?.getAttribute('aria-label') ?? label ?? own?.textContent ?? '';
    });
    if (focused.trim().startsWith(name)) {
      return;
    }
  }
  throw new Error(`The tab key does not come to ${name}.`);
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds. It is put into the page past its policy, which forbids scripts of others. */
export async function barriers(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: AXE });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`,
    ...{ awaitPromise: true, returnByValue: true },
  });
  return result.value as string[];
}

export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

/** Nothing is cut off at the sides, and axe-core finds no barrier. A picture is taken. */
export async function inspect(page: Page, name: string): Promise<void> {
  await picture(page, name);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect({ name, width }).toEqual({ name, width: page.viewportSize()?.width });
  expect({ name, barriers: await barriers(page) }).toEqual({ name, barriers: [] });
}
