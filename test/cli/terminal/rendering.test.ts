import { stripVTControlCharacters } from 'node:util';
import { figures, renderAll } from '#src/cli/check-table.js';
import { formatSeconds } from '#src/cli/format.js';
import { fitText } from '#src/cli/help.js';
import { quoteForShell } from '#src/cli/next-commands.js';
import { ranges } from '#src/cli/plan-table.js';
import { progressLine } from '#src/cli/terminal/progress.js';
import { painter, plain } from '#src/cli/terminal/style.js';
import { renderTable } from '#src/cli/terminal/table.js';
import { cutEnd, cutMiddle, textWidth, wrap } from '#src/cli/terminal/text.js';
import type { Checked } from '#src/runner/check-result.js';

const WIDTHS = [60, 80, 200];

function checked(source: string, type: string, size: number): Checked {
  const estimate = (value: number) => ({ value, error: value / 100 });
  const kld = { ...estimate(0.0123), minimum: 0, p10: 0, median: 0, p90: 0, p95: 0, p99: 0, p999: 0, maximum: 0 };
  const divergence = {
    kld,
    perplexityRatio: estimate(1.01),
    sameTop: estimate(0.95),
    probabilityDifference: { rms: estimate(0.02), mean: estimate(0.001) },
  };
  return { source, type, size, bitsPerWeight: 4.96, perplexity: estimate(189.7182), divergence } as unknown as Checked;
}

const MODELS = [
  checked('some/folder/with/a/long/name/SmolLM2-135M-Instruct-IQ4_XS.gguf', 'IQ4_XS', 90_000_000),
  checked('some/folder/with/a/long/name/SmolLM2-135M-Instruct-Q4_K_M.gguf', 'Q4_K_M', 105_000_000),
  checked('some/folder/with/a/long/name/SmolLM2-135M-Instruct-Q8_0.gguf', 'Q8_0', 144_000_000),
];

function widest(text: string): number {
  return Math.max(...stripVTControlCharacters(text).split('\n').map(textWidth));
}

describe.each(WIDTHS)('at %d columns', (width) => {
  test('a moving line fits, and its numbers are whole', () => {
    const bytes = { share: 0.53, done: '53 %', time: '1 s left', details: ['136.7 MiB/s', '72.1 MiB of 136.7 MiB'] };
    const line = progressLine({ name: 'Converting', step: 3, steps: 4 }, bytes, width, plain);
    expect(textWidth(line)).toBeLessThanOrEqual(width);
    expect(line).toMatch(
      /^\[3\/4\] Converting {2}█+░+ {2}53 % {2}136\.7 MiB\/s {2}(72\.1 MiB of 136\.7 MiB {2})?1 s left$/,
    );
  });

  test('a running check shows all files, or their number', () => {
    const chunks = { share: 0.28, done: 'chunk 7 of 25', time: '2 min 5 s left', notes: figures(MODELS) };
    const line = progressLine({ name: 'Checking', step: 5, steps: 5 }, chunks, width, plain);
    expect(textWidth(line)).toBeLessThanOrEqual(width);
    expect(line).toMatch(/IQ4_XS 0\.0123, Q4_K_M 0\.0123, Q8_0 0\.0123$|3 files$|2 min 5 s left$/);
  });

  test('a check table fits, has whole numbers, all names, and the largest file first', () => {
    const text = renderAll({ base: null, models: MODELS } as never, width, plain);
    expect(widest(text)).toBeLessThanOrEqual(width);
    expect(text).toMatch(/0\.012300 ± 0\.000123/);
    expect(text.indexOf('Q8_0')).toBeLessThan(text.indexOf('IQ4_XS'));
    expect(text.replace(/\n */g, '')).toContain(MODELS[0]?.source);
  });

  test('text is wrapped between words', () => {
    const text = "65.1 % of the parameters don't get the type that Q4_K_M asks for: blk.0.attn_q.weight becomes Q5_0.";
    const wrapped = wrap(text, width, '  ');
    expect(widest(wrapped)).toBeLessThanOrEqual(width);
    expect(
      wrapped
        .split('\n')
        .map((line) => line.trim())
        .join(' '),
    ).toBe(text);
  });

  test('help has the second column of a wide list below the first', () => {
    const help = fitText(`Examples:\n  ${'a'.repeat(40)} ${'b'.repeat(18)}  what it does, in some words\n`, width);
    expect(widest(help)).toBeLessThanOrEqual(width);
    expect(help).toMatch(/what it does, in some words\n$/);
  });
});

test('a word that no line has room for is cut', () => {
  expect(
    wrap(`see ${'x'.repeat(25)} there`, 10, '  ')
      .split('\n')
      .every((line) => line.length <= 10),
  ).toBe(true);
});

test('wide characters count twice', () => {
  expect([textWidth('模型'), cutEnd('模型文件', 5), cutMiddle('abcdefghij', 5)]).toEqual([4, '模型…', 'ab…ij']);
});

test('a table leaves columns out before it cuts names', () => {
  const rows = [{ name: 'model.layers.10.self_attn.q_proj.weight', size: '1 MiB' }];
  const table = (width: number) =>
    renderTable(
      rows,
      [
        { head: 'name', cell: ({ name }) => name, shrinks: 'middle' },
        { head: 'size', cell: ({ size }) => size, right: true },
        { head: 'more', cell: () => 'x'.repeat(30), drop: 1 },
      ],
      width,
    );
  expect(table(200)).toContain('xxx');
  expect(table(40)).toMatch(/\nmodel\.layers\S*…\S*proj\.weight /);
  expect(widest(table(40))).toBeLessThanOrEqual(40);
  expect(table(40)).toMatch(/ 1 MiB$/);
});

test('colours are for terminals, unless the environment says otherwise', () => {
  const colours = (stream: object, env: NodeJS.ProcessEnv) => painter(stream, env)('error', 'x') !== 'x';
  expect(colours({ isTTY: true }, {})).toBe(true);
  expect(colours({}, {})).toBe(false);
  expect(colours({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
  expect(colours({}, { FORCE_COLOR: '1' })).toBe(true);
  expect(colours({ isTTY: true }, { FORCE_COLOR: '0' })).toBe(false);
});

test('times, ranges and words for a shell', () => {
  expect([0.31, 1.2, 125, 3900].map(formatSeconds)).toEqual(['0.3 s', '1 s', '2 min 5 s', '1 h 5 min']);
  expect(ranges([0, 1, 2, 8, 10, 11])).toBe('0-2,8,10-11');
  expect(["it's", 'a b', 'plain-1.gguf'].map(quoteForShell)).toEqual(["'it'\\''s'", "'a b'", 'plain-1.gguf']);
  expect(quoteForShell("\\it's\u001b[2J\n\u202e")).toBe("$'\\\\it\\'s\\x1b[2J\\x0a\\xe2\\x80\\xae'");
});
