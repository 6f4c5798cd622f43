import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { startHub } from '../../hub/server.mjs';
import { fixtures } from '../../paths.js';
import { tempFolder } from '../../temp.js';
import { Session, whyNot } from './tmux.js';

const source = join(fixtures, 'Tiny-Verse-2M');
const sessions: Session[] = [];
const shown: string[] = [];

function session(width: number, args: readonly string[], folder = tempFolder(), env: Record<string, string> = {}) {
  const started = new Session(width, args, folder, env);
  sessions.push(started);
  return started;
}

afterEach(() => {
  for (const started of sessions.splice(0)) {
    started.close();
  }
});

/** Keeps a screen for whoever reads the test's output. */
function show(title: string, screen: string): string {
  shown.push(`--- ${title}\n${screen}`);
  return screen;
}

afterAll(() => process.stdout.write(`\n${shown.join('\n')}\n`));

if (whyNot) {
  process.stdout.write(`${whyNot}\n`);
}

(whyNot ? describe.skip : describe).each([60, 80, 200])('a terminal of %d columns', (width) => {
  test('a conversion with a check: files, a table, and what to do next', async () => {
    const args = [source, '--quant', 'q4_k_m,q8_0', '--out', 'o/', '--check', '--check-chunks', '3'];
    const running = session(width, args);
    show(`${width}: checking`, await running.seen(/^\[5\/5\] Checking/m));
    const screen = show(`${width}: converted`, await running.ended());
    expect(screen).toMatch(/\[exit 0\]$/);
    expect(screen).not.toMatch(/Checking|Warning|ExperimentalWarning/);
    expect(screen).toMatch(/^Next:\n {2}llama-cli -m \.\/o\/Tiny-Verse-2M-Q4_K_M\.gguf$/m);
    expect(screen).toMatch(/^1? *base +3\.88 MiB/m);
    expect(screen).toMatch(/Q4_K_M +1\.23 MiB .*0\.\d{6} ± 0\.\d{6}/);
  });

  test('a Hub that fails: waits are shown, and nothing of Node', async () => {
    const root = tempFolder();
    cpSync(source, join(root, 'org/Tiny-Verse-2M'), { recursive: true });
    const hub = await startHub(root, { faultEvery: 3, retryAfter: 1 });
    const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '0', HF_HUB_DOWNLOAD_TIMEOUT: '1' };
    try {
      const running = session(width, ['org/Tiny-Verse-2M', '--quant', 'q8_0'], tempFolder(), env);
      const waiting = await running.seen(/Waiting .*, then try \d of 7: /);
      show(`${width}: waiting`, waiting);
      const screen = show(`${width}: from the Hub`, await running.ended());
      expect(screen).toMatch(/\[exit 0\]$/);
      expect(screen).not.toMatch(/Waiting|MaxListeners/);
    } finally {
      await hub.close();
    }
  });

  test('an error stands on lines of its own', async () => {
    const args = [source, '--quant', 'iq2_xs', '--out', 'x.gguf'];
    const screen = show(`${width}: error`, await session(width, args).ended());
    expect(screen).toMatch(/^hf2gguf: /);
    expect(screen).toMatch(/\[exit [1-9]\]$/);
  });

  test('Ctrl-C leaves a clean line that says what stays', async () => {
    const running = session(width, [source, '--quant', 'q4_k_m,q6_k,q8_0', '--out', 'o/', '--check']);
    await running.seen(/chunk \d+ of/);
    running.interrupt();
    const screen = show(`${width}: Ctrl-C`, await running.ended());
    expect(screen).toMatch(/^hf2gguf: Interrupted while checking; what was\s+written is\s+whole:\s/m);
    expect(screen).not.toMatch(/Checking|\^/);
    expect(screen).toMatch(/\[exit 130\]$/);
  });

  test('the help is no wider than the terminal', async () => {
    const screen = await session(width, ['--help']).ended();
    expect(screen).toMatch(/^Examples:$/m);
    // The terminal breaks what is wider in the middle of words.
    expect(screen).not.toMatch(/^\S{1,3}$/m);
  });
});
