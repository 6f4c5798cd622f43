import { readdirSync } from 'node:fs';
import type { ConversionParams } from '#src/plan/params.js';
import { run } from '../calls/records.js';
import { TinyCopy } from '../calls/tiny-copy.js';
import { tempFolder } from '../temp.js';

const UP = 'model.layers.1.mlp.up_proj.weight';
const NAN = 0x7fc0;
const MINUS_INFINITY = 0xff80;
/** 99840, where float16 ends at 65504. */
const LARGE = 0x47c3;

async function warningsOf(params: ConversionParams): Promise<string[]> {
  const { events } = await run({ output: tempFolder(), preTokenizer: 'llama-bpe', ...params });
  return events.flatMap((event) => (event.event === 'warning' ? [event.what] : []));
}

test.each([
  ['NaN', NAN],
  ['an infinity', MINUS_INFINITY],
])('%s passes with a warning that says where', async (_, bits) => {
  const source = new TinyCopy().value(UP, [3, 232, 256], bits).folder;
  for (const outtype of ['bf16', 'f16', 'f32'] as const) {
    expect(await warningsOf({ source, outtype })).toEqual([
      '1 tensor holds values that are NaN or infinite: blk.1.ffn_up.weight (first in row 3, column 232).',
    ]);
  }
});

test('several tensors, several values in each: one warning, with the first of each', async () => {
  const names = [0, 1].flatMap((layer) =>
    ['up', 'gate'].map((name) => `model.layers.${layer}.mlp.${name}_proj.weight`),
  );
  const copy = new TinyCopy();
  for (const name of names) {
    copy.value(name, [7, 1, 256], NAN).value(name, [5, 9, 256], NAN).value(name, [5, 2, 256], NAN);
  }
  const [warning, ...others] = await warningsOf({ source: copy.folder });
  expect(others).toEqual([]);
  expect(warning).toBe(
    '4 tensors hold values that are NaN or infinite: blk.0.ffn_gate.weight (first in row 5, column 2), ' +
      'blk.0.ffn_up.weight (first in row 5, column 2), blk.1.ffn_gate.weight (first in row 5, column 2) and 1 more.',
  );
});

test('a value that is too large for float16 is told apart, and passes where it fits', async () => {
  const source = new TinyCopy().value(UP, [3, 232, 256], LARGE).folder;
  expect(await warningsOf({ source, outtype: 'f16' })).toEqual([
    '1 tensor holds values that are too large for F16 and become infinite: ' +
      'blk.1.ffn_up.weight (first in row 3, column 232).',
  ]);
  expect(await warningsOf({ source, outtype: 'bf16' })).toEqual([]);
});

test('bytes that are copied are looked at too', async () => {
  const copy = new TinyCopy().tensors((tensor) => ({ ...tensor, dtype: 'F16' })).value(UP, [3, 232, 256], 0x7c00);
  expect(await warningsOf({ source: copy.folder, outtype: 'f16' })).toEqual([
    '1 tensor holds values that are NaN or infinite: blk.1.ffn_up.weight (first in row 3, column 232).',
  ]);
});

test.each([
  ['bf16', NAN],
  ['f16', LARGE],
] as const)('--strict refuses it as %s, and leaves nothing', async (outtype, bits) => {
  const source = new TinyCopy().value(UP, [3, 232, 256], bits).folder;
  const output = tempFolder();
  await expect(run({ source, outtype, output, preTokenizer: 'llama-bpe', strict: true })).rejects.toMatchObject({
    name: 'StrictError',
    exitCode: 7,
    message: expect.stringContaining('blk.1.ffn_up.weight'),
  });
  expect(readdirSync(output)).toEqual([]);
});
