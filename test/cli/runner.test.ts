import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from '#src/gguf-files/inspect.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { run, start } from './run.js';

const source = join(fixtures, 'Tiny-Verse-2M');
const read = (name: string) => JSON.parse(readFileSync(join(fixtures, 'Tiny-Verse-2M.expected', name), 'utf8'));

describe('run', () => {
  const { prompt, text } = read('continuation.json').cases[0] as { prompt: string; text: string };

  test('prints what follows, and nothing else on stdout', async () => {
    const { code, out, err } = await run(['run', source, '--prompt', prompt, '-n', '24']);
    expect({ code, out }).toEqual({ code: 0, out: `${text}\n` });
    expect(err).toMatch(/8 \+ 24 tokens \(as many as asked for\)/);
  });

  test('--json: pieces, then the whole', async () => {
    const { out } = await run(['run', source, '--prompt', prompt, '-n', '24', '--json']);
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; text?: string; result?: object });
    const pieces = events.flatMap((event) => (event.event === 'text' ? [event.text] : []));
    expect(pieces.join('')).toBe(text);
    expect(events.at(-1)).toMatchObject({ event: 'done', result: { text, tokens: 24, end: 'limit', promptTokens: 8 } });
  });

  test.each<[string, (folder: string) => string[]]>([
    ['a word', () => [prompt]],
    ['-p', () => ['-p', prompt]],
    [
      'a file',
      (folder) => {
        writeFileSync(join(folder, 'prompt.txt'), `${prompt}\n`);
        return ['--prompt-file', join(folder, 'prompt.txt')];
      },
    ],
  ])('the prompt may be %s', async (_, args) => {
    const { out } = await run(['run', source, ...args(tempFolder()), '-n', '24']);
    expect(out).toBe(`${text}\n`);
  });

  test('two prompts are one too many, and none is one too few', async () => {
    const [two, none] = await Promise.all([run(['run', source, prompt, '-p', prompt]), run(['run', source])]);
    expect([two.code, none.code]).toEqual([2, 2]);
    expect(two.err).toMatch(/The prompt is given more than once/);
    expect(none.err).toMatch(/There is no prompt/);
  });

  test('a full context is told from the tokens asked for', async () => {
    const long = 'In the beginning God created the heaven and the earth. '.repeat(25);
    const { err } = await run(['run', source, '-p', long, '-n', '1000']);
    expect(err).toMatch(/tokens \(the model's context is full\)/);
  });

  test('a prompt with its own BOS carries a warning', async () => {
    const { out, err } = await run(['run', source, '<|begin_of_text|>In the', '-n', '1', '--json']);
    expect(out + err).toMatch(/it has two now/);
  });

  test('Ctrl-C ends the text where it is', async () => {
    const { child, finished, seen } = start(['run', source, '--prompt', prompt, '-n', '480', '--temp', '1']);
    await seen(/\w/);
    child.kill('SIGINT');
    const { code, out, err } = await finished;
    expect(code).toBe(130);
    expect(out.endsWith('\n')).toBe(true);
    expect(err).toMatch(/interrupted\)/);
  });

  test.each([
    ['no number', ['--temp', 'hot'], /'--temp <t>' argument 'hot' is invalid\. It is no number/],
    ['a system without a chat', ['--system', 'Be brief.'], /--system has no effect without --chat/],
    ['no tokens', ['-n', '0'], /-n is 0/],
    ['a chat without a template', ['--chat'], /has no chat template\. Leave out --chat/],
  ])('%s: a sentence', async (_, args, sentence) => {
    const { code, err } = await run(['run', source, '--prompt', prompt, ...args]);
    expect(code).not.toBe(1);
    expect(err).toMatch(sentence);
  });
});

describe('imatrix', () => {
  function calibration(folder: string): string {
    const path = join(folder, 'text.txt');
    writeFileSync(path, Array(3).fill(read('imatrix.json').text).join('\n'));
    return path;
  }

  /** The tensors' bytes, and the key-values that name the importance matrix. */
  async function contents(path: string) {
    const { kv, dataOffset } = await inspect({ source: path });
    const named = kv.filter(([key]) => key.startsWith('quantize.imatrix.')).map(([key, { value }]) => [key, value]);
    return { data: readFileSync(path).subarray(dataOffset), named: Object.fromEntries(named) as object };
  }

  test('auto quantizes with what the command computes', async () => {
    const folder = tempFolder();
    const text = calibration(folder);
    const [file, auto, own] = ['imatrix.gguf', 'auto.gguf', 'own.gguf'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const computed = await run(['imatrix', source, '--text', text, '--out', file]);
    expect(computed.out).toMatch(/imatrix\.gguf {2}\S+ KiB {2}21 entries, 2 chunks of .*text\.txt\n$/);
    expect(computed.err).toMatch(
      /weights for 21 of 22 quantized tensors\.\nAs usual, it has none for token_embd\.weight/,
    );
    await run([source, '--quant', 'q2_k', '--imatrix', file, '--out', own]);
    const { code } = await run([source, '--quant', 'q2_k', '--imatrix', 'auto', '--imatrix-text', text, '--out', auto]);
    expect(code).toBe(0);
    const [expected, got] = [await contents(own), await contents(auto)];
    expect(got.data.equals(expected.data)).toBe(true);
    expect(got.named).toEqual({
      'quantize.imatrix.file': 'auto',
      'quantize.imatrix.dataset': text,
      'quantize.imatrix.entries_count': 21,
      'quantize.imatrix.chunks_count': 2,
    });
  });

  test('auto on a GGUF file, and the plan of it', async () => {
    const folder = tempFolder();
    const [model, quantized] = [join(folder, 'model.gguf'), join(folder, 'quantized.gguf')];
    const auto = ['--imatrix', 'auto', '--imatrix-text', calibration(folder), '--out', quantized];
    await run([source, '--outtype', 'f32', '--out', model]);
    const plan = await run(['quantize', model, 'iq2_xs', ...auto, '--dry-run', '--json']);
    await run(['quantize', model, 'iq2_xs', ...auto]);
    expect(JSON.parse(plan.out).files[0].size).toBe(statSync(quantized).size);
  });

  test('a request that is wrong is refused before the model runs', async () => {
    const { code, err } = await run([source, '--quant', 'q2_k', '--imatrix', 'auto', '--tensor-type', 'nonsense']);
    expect(code).toBe(2);
    expect(err).not.toMatch(/Running the model/);
  });

  test('a text for nothing is refused', async () => {
    const { code, err } = await run([source, '--quant', 'q2_k', '--imatrix-text', 'text.txt']);
    expect(code).toBe(2);
    expect(err).toMatch(/--imatrix-text has no effect without --imatrix auto/);
  });
});
