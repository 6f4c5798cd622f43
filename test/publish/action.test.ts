import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import type { LoopbackHub } from '../hub/server.mjs';
import { root } from '../paths.js';
import { tempFolder } from '../temp.js';
import { filesOf, SOURCE, startHubWithTiny, TO, TOKEN } from './kit.js';

interface Action {
  readonly inputs: Record<string, { readonly default?: string }>;
  readonly outputs: Record<string, { readonly value: string }>;
  readonly runs: { readonly steps: readonly Step[] };
}

interface Step {
  readonly name: string;
  readonly run?: string;
  readonly env?: Record<string, string>;
}

const action = load(readFileSync(join(root, 'action.yml'), 'utf8')) as Action;
let hub: LoopbackHub;

afterEach(() => hub.close());

/** Runs the step as a runner does: expressions are filled in, the script goes to bash, outputs come from a file. */
async function publish(inputs: Record<string, string>) {
  const folder = tempFolder();
  const step = action.runs.steps.find(({ name }) => name === 'Publish') as Step;
  const filled = (text: string) =>
    text.replace(/\$\{\{ *([\w.]+) *\}\}/g, (_, name: string) => {
      const input = name.replace('inputs.', '');
      return name === 'github.action_path' ? root : (inputs[input] ?? action.inputs[input]?.default ?? '');
    });
  const env = Object.fromEntries(Object.entries(step.env ?? {}).map(([name, text]) => [name, filled(text)]));
  const [output, summary] = [join(folder, 'output'), join(folder, 'summary')];
  const child = spawn('bash', ['-e', '-c', filled(step.run ?? '')], {
    cwd: folder,
    env: {
      ...{ PATH: process.env.PATH, HOME: folder, HF_ENDPOINT: hub.endpoint },
      ...{ GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary, ...env },
    },
  });
  let log = '';
  child.stdout.on('data', (piece) => {
    log += piece;
  });
  child.stderr.on('data', (piece) => {
    log += piece;
  });
  const code = await new Promise<number | null>((done) => child.on('close', done));
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  const outputs = Object.fromEntries(
    read(output)
      .split('\n')
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  return { code, log, outputs, summary: read(summary) };
}

const INPUTS = { model: SOURCE, to: TO, quant: 'q8_0', token: TOKEN };

test("the action's step publishes, and says what it did to the job", async () => {
  hub = await startHubWithTiny();
  const { code, log, outputs, summary } = await publish({ ...INPUTS, options: "--model-name 'A Name'" });
  expect([code, log]).toEqual([0, expect.not.stringContaining(TOKEN.slice(3))]);
  expect(Object.keys(outputs).sort()).toEqual(Object.keys(action.outputs).sort());
  expect(outputs).toMatchObject({ repository: TO, url: `${hub.endpoint}/${TO}` });
  expect(outputs.commit).toMatch(/^[0-9a-f]{40}$/);
  const files = JSON.parse(outputs.files ?? '') as { type: string; parts: { path: string }[] }[];
  expect(files.map(({ type }) => type)).toEqual(['Q8_0']);
  expect((await filesOf(hub)).has(files[0]?.parts[0]?.path ?? '')).toBe(true);
  expect(summary).toContain('| Q8_0 |');
});

test('what goes wrong is an annotation of the job, and fails it', async () => {
  hub = await startHubWithTiny();
  const { code, log, summary } = await publish({ ...INPUTS, model: 'org/absent' });
  expect(code).toBe(5);
  expect(log).toContain('::error title=hf2gguf::There is no model org/absent');
  expect(summary).toContain('Not published');
});

test('inputs are never commands', async () => {
  hub = await startHubWithTiny();
  const { code, log } = await publish({ ...INPUTS, model: '$(echo broken >&2)`echo broken >&2`' });
  expect(code).toBe(2);
  expect(log).not.toMatch(/^broken$/m);
});
