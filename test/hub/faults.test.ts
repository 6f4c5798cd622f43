import { isDeepStrictEqual } from 'node:util';
import { collect, scene, testBytes } from '../repo/kit.js';
import { FAULT_TABLE, type Fault, PlacedFaults } from './faults.mjs';

const WEIGHTS = testBytes(1_200_000);
const CONFIG = JSON.stringify({ long: 'x'.repeat(3000) });
const REPO = { 'README.md': 'about it', 'config.json': CONFIG, 'model.safetensors': WEIGHTS };
/** Requests: the commit, the listing, the small file at two addresses, the weights at two and then at one. */
const PLACES = [0, 5];
/** They are noticed by silence; for all others there is time enough on a busy machine. */
const SILENT: readonly Fault[] = ['stall', 'silent', 'headers-slow', 'hints-flood'];
/** It takes six silences at each try; bounds.test.ts has it by a clock of its own. */
const SLOW: Fault = 'dripping';
/** Parts of a file are compared with its hash while it is converted: calls/verified.test.ts and the fuzz have it. */
const UNSEEN: Fault = 'flipped';
const TOKEN = 'hf_aTokenOfTheTest';

/** Reads what a conversion reads, one after the other. */
async function readAll(fault: Fault, from: number, lasting: boolean) {
  const { hub, open } = await scene({ 'org/model': REPO }, { retryAfter: 0, tokens: { [TOKEN]: { user: 'me' } } });
  hub.placed = new PlacedFaults([{ fault, from, lasting }]);
  let outcome: { code: number; message: string };
  try {
    const repo = await open('org/model', {
      token: TOKEN,
      policy: { silence: SILENT.includes(fault) ? 1000 : 20_000, tries: 4, longestWait: 60_000, pause: async () => {} },
    });
    const config = Buffer.from(await collect(repo.stream('config.json'))).toString();
    const weights = [];
    for (let offset = 0; offset < WEIGHTS.length; offset += 400_000) {
      weights.push(await repo.read('model.safetensors', offset, 400_000));
    }
    const exact = config === CONFIG && isDeepStrictEqual(Buffer.concat(weights), Buffer.from(WEIGHTS));
    outcome = { code: 0, message: exact ? '' : 'other bytes' };
  } catch (error) {
    const { message, exitCode = 1 } = error as Error & { exitCode?: number };
    outcome = { code: exitCode, message };
  }
  const met = hub.seen.some((seen) => seen.fault === fault);
  const misled = hub.seen.filter(({ host, authorization }) => host !== 'hub' && authorization !== null);
  return { ...outcome, met, misled };
}

const faults = (Object.keys(FAULT_TABLE) as Fault[]).filter((fault) => fault !== SLOW && fault !== UNSEEN);

describe.each(faults)('the fault "%s"', (fault) => {
  test.each(['once', 'lasting'] as const)('met %s', async (how) => {
    const runs = await Promise.all(
      PLACES.map(async (from) => ({ from, ...(await readAll(fault, from, how === 'lasting')) })),
    );
    const met = runs.filter((run) => run.met);
    expect(met.length).toBeGreaterThan(0);
    for (const { from, code, message, misled } of met) {
      const allowed = FAULT_TABLE[fault][how].includes(code);
      expect({ from, code, message, allowed }).toEqual({ from, code, message, allowed: true });
      expect(message).not.toContain(TOKEN);
      expect(message).not.toBe('other bytes');
      expect(misled).toEqual([]);
    }
  });
});
