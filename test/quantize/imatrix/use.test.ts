import { coverage, describeCoverage, ImatrixSizeError, importanceOf } from '#src/quantize/imatrix/coverage.js';
import {
  type Imatrix,
  ImatrixSelectionError,
  NonFiniteImatrixError,
  selectEntries,
} from '#src/quantize/imatrix/imatrix.js';
import { imatrixKeyValues } from '#src/quantize/imatrix/key-values.js';

/** Entries by name: counts, and how many values. */
function imatrixOf(entries: Record<string, [counts: number[], values: number]>, rest: Partial<Imatrix> = {}): Imatrix {
  const made = Object.entries(entries).map(
    ([name, [counts, values]]) => [name, { counts, values: new Float32Array(values).fill(1) }] as const,
  );
  return { file: 'im.gguf', format: 'gguf', datasets: ['a.txt'], chunks: 3, entries: new Map(made), ...rest };
}

describe('selection', () => {
  const imatrix = imatrixOf({
    'blk.0.attn_v.weight': [[1], 4],
    'blk.0.attn_q.weight': [[1], 4],
    'blk.1.ffn_up.weight': [[1], 4],
  });
  const names = (selected: Imatrix) => [...selected.entries.keys()];

  test.each([
    [{}, ['blk.0.attn_v.weight', 'blk.0.attn_q.weight', 'blk.1.ffn_up.weight']],
    [{ include: ['attn_v', 'blk.1'] }, ['blk.0.attn_v.weight', 'blk.1.ffn_up.weight']],
    [{ include: ['nothing'] }, []],
    [{ exclude: ['attn_', 'ffn'] }, []],
    [{ exclude: ['attn_v'] }, ['blk.0.attn_q.weight', 'blk.1.ffn_up.weight']],
  ])('%j', (selection, expected) => {
    expect(names(selectEntries(imatrix, selection))).toEqual(expected);
  });

  test('both together are refused', () => {
    expect(() => selectEntries(imatrix, { include: ['a'], exclude: ['b'] })).toThrow(ImatrixSelectionError);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('%d is refused, unless its tensor is left out', (value) => {
    imatrix.entries.get('blk.0.attn_q.weight')?.values.fill(value, 2, 3);
    expect(() => selectEntries(imatrix)).toThrow(NonFiniteImatrixError);
    expect(() => selectEntries(imatrix)).toThrow(`${value} for blk.0.attn_q.weight, at position 2`);
    expect(names(selectEntries(imatrix, { exclude: ['attn_q'] }))).toHaveLength(2);
  });
});

describe('key-values', () => {
  const one = { w: [[1], 4] } as Record<string, [number[], number]>;

  test('names are cut at 127 bytes, through a character if need be', () => {
    const file = `${'x'.repeat(125)}🐉.gguf`;
    const [first] = imatrixKeyValues(imatrixOf(one, { file }));
    expect(first).toEqual({ key: 'quantize.imatrix.file', type: 'str', value: `${'x'.repeat(125)}\udcf0\udc9f` });
  });

  test('127 bytes stay whole', () => {
    const file = `${'x'.repeat(123)}🐉`;
    expect(imatrixKeyValues(imatrixOf(one, { file }))[0]?.value).toBe(file);
  });

  test.each([
    ['of several datasets the first', { datasets: ['a', 'b'] }, ['im.gguf', 'a', 1, 3]],
    ['an empty name too', { datasets: [''] }, ['im.gguf', '', 1, 3]],
    ['without a dataset', { datasets: [] }, ['im.gguf', 1, 3]],
    ['without chunks', { chunks: 0 }, ['im.gguf', 'a.txt', 1]],
    ['with negative chunks', { chunks: -1 }, ['im.gguf', 'a.txt', 1]],
    ['without entries', { entries: new Map() }, []],
  ])('%s', (_, rest, expected) => {
    expect(imatrixKeyValues(imatrixOf(one, rest)).map(({ value }) => value)).toEqual(expected);
  });
});

describe('weights of a tensor', () => {
  const imatrix = imatrixOf({ 'blk.0.ffn_up_exps.weight': [[1, 1], 8], 'token_embd.weight': [[1], 4] });

  test('one vector an expert', () => {
    expect(importanceOf(imatrix, 'blk.0.ffn_up_exps.weight', [4, 3, 2])).toHaveLength(8);
  });

  test('none', () => {
    expect(importanceOf(imatrix, 'blk.1.ffn_up_exps.weight', [4, 3, 2])).toBeUndefined();
  });

  test('a wrong size is an error that names tensor and sizes', () => {
    const wrong = () => importanceOf(imatrix, 'blk.0.ffn_up_exps.weight', [4, 3]);
    expect(wrong).toThrow(ImatrixSizeError);
    expect(wrong).toThrow('8 values for blk.0.ffn_up_exps.weight, which needs 4');
  });

  test('but of an embedding: it does without', () => {
    expect(importanceOf(imatrix, 'token_embd.weight', [8, 3])).toBeUndefined();
  });
});

describe('coverage', () => {
  const tensor = (name: string, ne: number[], quantized = true) => ({ name, ne, quantized });
  const model = [
    tensor('token_embd.weight', [4, 9]),
    tensor('blk.0.attn_q.weight', [4, 4]),
    tensor('blk.0.attn_k.weight', [4, 4]),
    tensor('blk.0.ffn_gate_inp.weight', [4, 2], false),
    tensor('blk.0.ffn_up_exps.weight', [4, 3, 2]),
    tensor('blk.0.ffn_down_exps.weight', [8, 4, 2]),
  ];

  test('names everything that does not fit', () => {
    const found = coverage(
      imatrixOf({
        'token_embd.weight': [[1], 2],
        'blk.0.attn_q.weight': [[5], 4],
        'blk.0.ffn_gate_inp.weight': [[5], 4],
        'blk.0.ffn_up_exps.weight': [[5, 0], 8],
        'blk.0.ffn_down_exps.weight': [[5, 5], 8],
        'blk.1.attn_q.weight': [[5], 4],
      }),
      model,
    );
    expect(found).toEqual({
      covered: ['blk.0.attn_q.weight', 'blk.0.ffn_up_exps.weight'],
      missing: ['blk.0.attn_k.weight'],
      mismatched: [
        { name: 'token_embd.weight', values: 2, needed: 4, fatal: false },
        { name: 'blk.0.ffn_down_exps.weight', values: 8, needed: 16, fatal: true },
      ],
      unseen: [{ name: 'blk.0.ffn_up_exps.weight', unseen: 1, experts: 2 }],
      unused: ['blk.1.attn_q.weight'],
    });
    const text = describeCoverage(found).join('\n');
    for (const part of [
      'weights for 2 of 5 quantized tensors',
      'none for blk.0.attn_k.weight',
      'blk.0.ffn_down_exps.weight (8 instead of 16)',
      'blk.0.ffn_up_exps.weight (1 of 2 experts)',
      'no tensor of the model: blk.1.attn_q.weight',
    ]) {
      expect(text).toContain(part);
    }
  });

  test('one sentence, where all is well', () => {
    const fitting = imatrixOf({ 'blk.0.attn_q.weight': [[5], 4] });
    expect(describeCoverage(coverage(fitting, [tensor('blk.0.attn_q.weight', [4, 4])]))).toHaveLength(1);
  });

  test("another model's matrix is called that", () => {
    const found = coverage(imatrixOf({ 'enc.0.weight': [[5], 4] }), model);
    expect(describeCoverage(found)[0]).toMatch(/no weights for any of the 5/);
  });

  test('long lists are cut', () => {
    const many = Array.from({ length: 9 }, (_, i) => tensor(`blk.${i}.attn_q.weight`, [4, 4]));
    const text = describeCoverage(coverage(imatrixOf({ 'blk.0.attn_q.weight': [[5], 4] }), many)).join('\n');
    expect(text).toContain('blk.3.attn_q.weight and 5 more');
  });
});
