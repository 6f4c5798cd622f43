import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { convert } from '#src/calls/convert.js';
import type { ConvertEvent } from '#src/calls/events.js';
import { planQuantize, quantize } from '#src/calls/quantize.js';
import { KeyValues } from '#src/gguf/key-values.js';
import { type GgufTensor, readGguf } from '#src/gguf/reader.js';
import { encodeHeader } from '#src/gguf/writer.js';
import { parseQuants } from '#src/plan/check-params.js';
import type { QuantizeOptions } from '#src/plan/params.js';
import type { OutTypeName, QuantName } from '#src/quantize/file-types.js';
import { FILE_TYPES, type FileType } from '#src/quantize/file-types.js';
import { dequantize } from '#src/quantize/native.js';
import { openFile } from '#src/repo/open-file.js';
import { startHub } from '../hub/server.mjs';
import { fixtures } from '../paths.js';
import { makeWeights } from '../quantize/inputs.js';
import { tempFolder } from '../temp.js';
import { finish, recordsOf, sha256 } from './records.js';

const tinyVerse = join(fixtures, 'Tiny-Verse-2M');
const records = recordsOf(join(fixtures, 'Tiny-Verse-2M.expected'), 'quantize');

/** Tiny-Verse-2M as the converter writes it. */
async function converted(outtype: OutTypeName = 'auto'): Promise<string> {
  const { files } = await finish(convert({ source: tinyVerse, outtype, output: tempFolder() }));
  return files[0]?.path ?? '';
}

/** An importance matrix in llama-imatrix's GGUF format for all of a model's matrices but the embeddings. */
async function makeImatrix(model: string, keep: (name: string) => boolean = () => true): Promise<string> {
  const path = join(tempFolder(), 'imatrix.gguf');
  const file = await openFile(model);
  const { tensors } = await readGguf(file);
  await file.close();
  const matrices = tensors.filter(({ name, ne }) => ne.length === 2 && name !== 'token_embd.weight' && keep(name));
  const arrays = matrices.flatMap(({ name, ne: [columns = 0] }, i) => [
    { name: `${name}.in_sum2`, ne: [columns, 1], values: makeWeights('rand', i, columns) },
    { name: `${name}.counts`, ne: [1, 1], values: Float32Array.of(1) },
  ]);
  let offset = 0;
  const infos = arrays.map(({ name, ne, values }) => {
    const info = { name, type: 'F32', ne, offset } as const;
    offset += Math.ceil(values.byteLength / 32) * 32;
    return info;
  });
  const kv = new KeyValues()
    .string('general.type', 'imatrix')
    .array('imatrix.datasets', 'string', ['verses.txt'])
    .u32('imatrix.chunk_count', 3)
    .u32('imatrix.chunk_size', 512);
  const data = Buffer.alloc(offset);
  for (const [i, { values }] of arrays.entries()) {
    data.set(new Uint8Array(values.buffer), infos[i]?.offset);
  }
  writeFileSync(path, Buffer.concat([encodeHeader(kv.entries(), infos), data]));
  return path;
}

async function tensorsOf(path: string): Promise<readonly GgufTensor[]> {
  const file = await openFile(path);
  const { tensors } = await readGguf(file);
  await file.close();
  return tensors;
}

test("from a GGUF file, several types in one read: llama-quantize's bytes", async () => {
  const out = tempFolder();
  const { files } = await finish(
    quantize({ source: await converted(), quant: parseQuants([...records.keys()]), output: out }),
  );
  expect(files.map(({ path }) => [basename(path), sha256(path)])).toEqual(
    [...records].map(([type, record]) => [`Tiny-Verse-2M-${type}.gguf`, record.sha256]),
  );
  expect(records.size).toBeGreaterThanOrEqual(10);
  expect(readdirSync(out)).toHaveLength(records.size);
});

test('from a file on the Hub, by ranges', async () => {
  const root = tempFolder();
  cpSync(await converted(), join(root, 'org/GGUF/sub/model.gguf'), { recursive: true });
  writeFileSync(join(root, 'org/GGUF/README.md'), '');
  const hub = await startHub(root, { faultEvery: 3, retryAfter: 0 });
  try {
    const params = {
      source: 'org/GGUF:sub/model.gguf',
      endpoint: hub.endpoint,
      output: tempFolder(),
      maxMemory: 2 ** 22,
    };
    const { files } = await finish(quantize({ ...params, quant: 'q4_k_m' }));
    expect(files.map(({ path }) => basename(path))).toEqual(['model-Q4_K_M.gguf']);
    expect(sha256(files[0]?.path ?? '')).toBe(records.get('Q4_K_M')?.sha256);
    expect(hub.seen.filter(({ path }) => path.endsWith('.gguf')).every(({ range }) => range !== null)).toBe(true);
  } finally {
    await hub.close();
  }
});

describe('the direct path gives what the two steps give', () => {
  const cases: [string, readonly QuantName[], (imatrix: string) => QuantizeOptions][] = [
    ['every type with an importance matrix', parseQuants(Object.keys(FILE_TYPES)), (imatrix) => ({ imatrix })],
    [
      'options',
      ['q3_k_m', 'iq4_xs'],
      (imatrix) => ({
        ...{ imatrix, excludeWeights: ['ffn_up'], tokenEmbeddingType: 'q5_1', outputTensorType: 'q4_0' },
        ...{ tensorType: ['attn_(q|k)=iq3_s', 'ffn_down\\.weight=tq2_0'], overrideKv: ['general.name=str:Other'] },
      }),
    ],
    ['pruned layers', ['q4_k_m'], () => ({ pruneLayers: '1', leaveOutputTensor: true })],
    ['pure', ['iq3_s', 'q5_0'], () => ({ pure: true })],
  ];

  test.each(cases)('%s', async (_, quant, options) => {
    const model = await converted('f16');
    const chosen = options(await makeImatrix(model));
    const direct = await finish(convert({ source: tinyVerse, outtype: 'f16', quant, output: tempFolder(), ...chosen }));
    const twoSteps = await finish(quantize({ source: model, quant, output: tempFolder(), ...chosen }));
    const hashes = ({ files }: typeof direct) => files.map(({ type, path }) => [type, sha256(path)]);
    expect(hashes(direct)).toEqual(hashes(twoSteps));
  });

  test('through a quantized type', async () => {
    const options = { quant: ['q4_k_m', 'q8_0', 'f16'], allowRequantize: true } as const;
    const direct = await finish(convert({ source: tinyVerse, outtype: 'q8_0', output: tempFolder(), ...options }));
    const twoSteps = await finish(quantize({ source: await converted('q8_0'), output: tempFolder(), ...options }));
    expect(direct.files.map(({ path }) => sha256(path))).toEqual(twoSteps.files.map(({ path }) => sha256(path)));
    expect(sha256(direct.files[0]?.path ?? '')).not.toBe(records.get('Q4_K_M')?.sha256);
  });
});

test('an importance matrix is named in the file, and its gaps are reported', async () => {
  const model = await converted();
  const imatrix = await makeImatrix(model, (name) => name !== 'blk.1.ffn_up.weight');
  const events: ConvertEvent[] = [];
  const { files } = await finish(quantize({ source: model, quant: 'q4_k_m', imatrix, output: tempFolder() }), (event) =>
    events.push(event),
  );
  const report = events.find(({ event }) => event === 'coverage');
  expect(report).toMatchObject({ coverage: { missing: ['token_embd.weight', 'blk.1.ffn_up.weight'], mismatched: [] } });
  const file = await openFile(files[0]?.path ?? '');
  const { kv } = await readGguf(file);
  await file.close();
  expect([...kv.entries()].slice(-4)).toEqual([
    ['quantize.imatrix.file', { type: 'string', value: imatrix }],
    ['quantize.imatrix.dataset', { type: 'string', value: 'verses.txt' }],
    ['quantize.imatrix.entries_count', { type: 'u32', value: expect.any(Number) }],
    ['quantize.imatrix.chunks_count', { type: 'u32', value: 3 }],
  ]);
});

test('statistics are those of the file that was written', async () => {
  const source = await converted('f32');
  const imatrix = await makeImatrix(source);
  const { files } = await finish(
    quantize({ source, quant: ['q3_k_m', 'iq4_xs'], imatrix, stats: true, output: tempFolder() }),
  );
  const before = await tensorsOf(source);
  for (const { path, tensors = [] } of files) {
    for (const { name, type, offset, size } of await tensorsOf(path)) {
      const original = before.find((tensor) => tensor.name === name);
      const count = (original?.size ?? 0) / 4;
      const values = new Float32Array(count);
      dequantize(type, readFileSync(path).subarray(offset, offset + size), values);
      const start = original?.offset ?? 0;
      const wanted = new Float32Array(readFileSync(source).buffer.slice(start, start + 4 * count));
      const differences = wanted.map((value, i) => Math.abs(value - (values[i] ?? 0)));
      const squares = differences.reduce((sum, value) => sum + value * value, 0);
      const stats = tensors.find((tensor) => tensor.name === name);
      expect(stats?.elements).toBe(count);
      expect(stats?.rmse).toBeCloseTo(Math.sqrt(squares / count), 7);
      expect(stats?.maxError).toBeCloseTo(
        differences.reduce((most, value) => Math.max(most, value), 0),
        6,
      );
    }
  }
  const [first] = files;
  expect(first?.tensors?.filter(({ rmse }) => rmse > 0).length).toBeGreaterThan(10);
  expect(first?.tensors?.some(({ weightedSquaredError = 0 }) => weightedSquaredError > 0)).toBe(true);
});

describe('what is refused before a weight is read', () => {
  const cases: [string, QuantizeOptions & { quant: QuantName; strict?: boolean }, string, RegExp][] = [
    [
      'a type that needs an importance matrix',
      { quant: 'iq2_xs' },
      'ImatrixRequiredError',
      /becomes IQ2_XS.*--imatrix FILE/,
    ],
    [
      'the same by a rule',
      { quant: 'q4_k_m', tensorType: ['attn_q=iq1_s'] },
      'ImatrixRequiredError',
      /attn_q\.weight becomes IQ1_S/,
    ],
    [
      'rows that fit no fallback',
      {
        quant: 'q4_k_m', // @ts-expect-error no type
        tokenEmbeddingType: 'q9',
      },
      'TensorTypeError',
      /q9/,
    ],
    [
      'entries to leave out of no matrix',
      { quant: 'q4_k_m', excludeWeights: ['x'] },
      'SelectionWithoutImatrixError',
      /--imatrix/,
    ],
    [
      'an importance matrix that is not there',
      { quant: 'q4_k_m', imatrix: 'none.gguf' },
      'GgufNotFoundError',
      /none\.gguf/,
    ],
  ];

  test.each(cases)('%s', async (_, options, name, message) => {
    const source = await converted();
    const refused = planQuantize({ source, ...options });
    await expect(refused).rejects.toMatchObject({ name, message: expect.stringMatching(message) });
  });

  test('quantized tensors, unless it is insisted on', async () => {
    const out = tempFolder();
    const source = await converted('q8_0');
    const again = quantize({ source, quant: 'q4_k_m', output: out });
    await expect(finish(again)).rejects.toMatchObject({ name: 'RequantizeError', exitCode: 3 });
    expect(readdirSync(out)).toEqual([]);
    await finish(quantize({ source, quant: 'q4_k_m', output: out, allowRequantize: true }));
    expect(readdirSync(out)).toEqual(['Tiny-Verse-2M-Q4_K_M.gguf']);
  });

  test('the source as the output', async () => {
    const source = await converted();
    const hash = sha256(source);
    const over = quantize({ source, quant: 'q4_k_m', output: source });
    await expect(finish(over)).rejects.toMatchObject({ name: 'OverwriteError', exitCode: 2 });
    expect(sha256(source)).toBe(hash);
    expect(existsSync(`${source}.partial`)).toBe(false);
  });

  test('options of quantizing without a type', async () => {
    await expect(finish(convert({ source: tinyVerse, pure: true }))).rejects.toMatchObject({
      name: 'NothingToQuantizeError',
      message: expect.stringContaining('--pure has no effect without --quant'),
    });
  });
});

test('a plan says what was asked and what it comes to', async () => {
  const { files } = await planQuantize({ source: await converted(), quant: 'q4_k_m' });
  const types = Object.fromEntries((files[0]?.tensors ?? []).map(({ name, type, why }) => [name, `${type}: ${why}`]));
  expect(types).toMatchObject({
    'blk.0.attn_q.weight': 'Q4_K: Q4_K_M',
    'blk.0.attn_norm.weight': expect.stringMatching(/^F32/),
    'token_embd.weight': expect.stringMatching(/^Q6_K/),
  });
  expect(files[0]?.askedBitsPerWeight).toBe(files[0]?.bitsPerWeight);
});

test('file types have the names and numbers of the file', () => {
  expect(Object.keys(FILE_TYPES)).toHaveLength(36);
  expect(FILE_TYPES['IQ4_XS' satisfies FileType].id).toBe(30);
});
