import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { forEachConcurrently } from '#src/async/concurrency.js';
import { start } from '../cli/run.js';
import { Dice } from '../fuzz/dice.js';
import { FAULT_TABLE, type Fault, PlacedFaults } from '../hub/faults.mjs';
import { tempFolder } from '../temp.js';
import { filesOf, SOURCE, startHubWithTiny, TO, TOKEN } from './kit.js';

/** So small that a file takes 268 of them. */
const PART = 2 ** 13;
const LINES = 10_000;
/** The token without what all tokens begin with, in forms that a text may have. */
const FORMS = [TOKEN.slice(3), Buffer.from(TOKEN).toString('base64'), Buffer.from(TOKEN).toString('hex')];

interface Told {
  readonly fault: string;
  readonly code: number | null;
  readonly lines: readonly string[];
  /** Files that are left, and those that the Hub has, one after the other. */
  readonly files: string;
}

async function publishWith(fault: Fault, from: number, lasting: boolean): Promise<Told> {
  const hub = await startHubWithTiny({ partSize: PART });
  hub.placed = new PlacedFaults([{ fault, from, lasting }]);
  const folder = tempFolder();
  const env = {
    ...{ HF_ENDPOINT: hub.endpoint, HF_TOKEN: TOKEN, HF_HOME: tempFolder(), HF_HUB_OFFLINE: '0' },
    ...{ HF2GGUF_DEBUG: '1', HF_HUB_DOWNLOAD_TIMEOUT: '1', ...(lasting && { HF2GGUF_MAX_WAIT: '0' }) },
  };
  const args = ['publish', SOURCE, '--to', TO, '--quant', 'q8_0', '--json'];
  const { code, out, err } = await start(args, env, folder).finished;
  const left = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const texts = left.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'));
  const published = (await hub.repos.exists(TO)) ? [...(await filesOf(hub)).values()].map((own) => `${own}`) : [];
  await hub.close();
  const lines = `${out}${err}`.split('\n');
  return {
    fault: `${fault}, ${lasting ? 'lasting' : 'once'}`,
    code,
    lines,
    files: [...texts, ...published].join('\n'),
  };
}

test('no fault brings the token into what is told or kept, also where errors have traces', async () => {
  const faults = Object.keys(FAULT_TABLE) as Fault[];
  const dice = new Dice(20260301, 0);
  const runs = faults.flatMap((fault) => [false, true].map((lasting) => [fault, dice.below(40), lasting] as const));
  const told: Told[] = [];
  await forEachConcurrently(runs, 4, undefined, async (own) => {
    told.push(await publishWith(...own));
  });
  const holds = (text: string) => FORMS.some((form) => text.toLowerCase().includes(form.toLowerCase()));
  const found = told.flatMap(({ fault, lines, files }) =>
    [...lines, files].filter(holds).map((text) => `${fault}: ${text.slice(0, 300)}`),
  );
  expect(found).toEqual([]);
  expect(told.reduce((sum, { lines }) => sum + lines.length, 0)).toBeGreaterThan(LINES);
  // Both ways are among them: a trace shows where in the sources an error arose.
  expect(told.filter(({ code }) => code === 0).length).toBeGreaterThan(faults.length / 2);
  expect(told.filter(({ lines }) => lines.some((line) => /^\s+at .*\.js:\d+/.test(line))).length).toBeGreaterThan(
    faults.length / 4,
  );
}, 300_000);
