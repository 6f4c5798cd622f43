import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { convert, plan } from '#src/calls/convert.js';
import { parseQuants } from '#src/plan/check-params.js';
import type { OutTypeName } from '#src/quantize/file-types.js';
import { FILE_TYPES } from '#src/quantize/file-types.js';
import type { PreTokenizerName } from '#src/tokenizer/pre/fingerprints.js';
import { readTensors, type Tensor, writeTensors } from '../checkpoint/tensors.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { readRecord, recordsOf, run, sha256 } from './records.js';

const tinyVerse = join(fixtures, 'Tiny-Verse-2M');
const expected = join(fixtures, 'Tiny-Verse-2M.expected');

describe('Tiny-Verse-2M, to the byte what the reference writes', () => {
  test.each([...recordsOf(expected, 'convert')])('--outtype %s', async (name, record) => {
    const outtype = name as OutTypeName;
    const out = tempFolder();
    const { result } = await run({ source: tinyVerse, outtype, output: out });
    expect(result.files).toHaveLength(1);
    const { path, size } = result.files[0] ?? { path: '', size: 0 };
    expect(readdirSync(out)).toEqual([basename(path)]);
    expect({ size, sha256: sha256(path) }).toEqual({ size: record.size, sha256: record.sha256 });
  });

  test('all quantizations from one read', async () => {
    const out = tempFolder();
    const records = [...recordsOf(expected, 'quantize')].filter(([type]) => type in FILE_TYPES);
    const { result, events } = await run({
      source: tinyVerse,
      quant: parseQuants(records.map(([type]) => type)),
      output: out,
    });
    const got = result.files.map(({ type, path }) => [type, basename(path), sha256(path)]);
    expect(got).toEqual(records.map(([type, { sha256 }]) => [type, `Tiny-Verse-2M-${type}.gguf`, sha256]));
    expect(records.length).toBeGreaterThanOrEqual(6);

    const progress = events.flatMap((e) => (e.event === 'progress' ? [e.done] : []));
    const read = events.flatMap((e) => (e.event === 'plan' ? [e.plan.sourceBytes] : []));
    expect(progress.at(-1)).toBe(read[0]);
    expect(read[0]).toBeLessThan(4.1e6);
  });

  test('the bytes depend neither on the number of workers nor on the memory', async () => {
    const hashes = new Set<string>();
    for (const [jobs, maxMemory] of [
      [1, 2 ** 20],
      [3, 2 ** 24],
      [2, 2 ** 28],
    ] as const) {
      const { result } = await run({ source: tinyVerse, quant: 'q4_k_m', output: tempFolder(), jobs, maxMemory });
      hashes.add(sha256(result.files[0]?.path ?? ''));
    }
    expect([...hashes]).toEqual([readRecord(join(expected, 'quantize-Q4_K_M.json')).sha256]);
  });
});

test('a sharded checkpoint with an index gives the same file', async () => {
  const folder = join(tempFolder(), 'Tiny-Verse-2M');
  cpSync(tinyVerse, folder, { recursive: true });
  const tensors = readTensors(join(folder, 'model.safetensors'));
  rmSync(join(folder, 'model.safetensors'));
  const weight_map: Record<string, string> = {};
  for (const part of [0, 1]) {
    const file = `model-0000${part + 1}-of-00002.safetensors`;
    const own = tensors.filter((_, i) => i % 2 === part);
    writeTensors(join(folder, file), own);
    for (const { name } of own) {
      weight_map[name] = file;
    }
  }
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map }));
  const { result } = await run({ source: folder, quant: 'q4_k_m', output: tempFolder() });
  expect(sha256(result.files[0]?.path ?? '')).toBe(readRecord(join(expected, 'quantize-Q4_K_M.json')).sha256);
});

describe('cases of the corpus', () => {
  const corpus = join(fixtures, 'corpus');
  const runs = readdirSync(corpus).flatMap((name) => {
    const { repo, pre, runs } = JSON.parse(readFileSync(join(corpus, name, 'case.json'), 'utf8')) as {
      repo: string;
      pre: PreTokenizerName | null;
      runs: { id: string; args: string[] }[];
    };
    return runs
      .filter(({ id }) => existsSync(join(corpus, name, 'expected', `${id}.json`)))
      .map(({ id, args }) => {
        const given = (option: string) => args[args.indexOf(option) + 1];
        const target = args.includes('--target-model-dir') ? given('--target-model-dir')?.slice(1) : undefined;
        return { name, repo, pre, id, outtype: given('--outtype') ?? 'auto', target };
      });
  });

  test.each(runs)('$name/$id', async ({ name, repo, pre, id, outtype, target }) => {
    const { result } = await run({
      source: join(corpus, name, 'source', repo),
      outtype: outtype.startsWith('-') ? 'auto' : (outtype as OutTypeName),
      output: tempFolder(),
      ...(pre !== null && { preTokenizer: pre }),
      ...(target !== undefined && { targetModelDir: join(corpus, name, target) }),
    });
    const record = readRecord(join(corpus, name, 'expected', `${id}.json`));
    const { path } = result.files[0] ?? { path: '' };
    expect({ name: basename(path), sha256: sha256(path) }).toEqual({ name: record.name, sha256: record.sha256 });
  });
});

describe('a plan', () => {
  test('says the exact size, and why each type was chosen', async () => {
    const { files, source, disk } = await plan({ source: tinyVerse, quant: 'q4_k_m' });
    const record = readRecord(join(expected, 'quantize-Q4_K_M.json'));
    expect(source.architecture).toBe('LlamaForCausalLM');
    expect(disk).toBe(record.size);
    const why = new Map(files[0]?.tensors.map((t) => [t.name, `${t.type}: ${t.why}`]));
    expect(why.get('token_embd.weight')).toBe('Q6_K: output');
    expect(why.get('blk.2.ffn_down.weight')).toBe('Q6_K: ffn_down, more bits');
    expect(why.get('blk.0.attn_q.weight')).toBe('Q4_K: Q4_K_M');
    expect(why.get('output_norm.weight')).toBe('F32: one dimension');
  });

  test('is plain data', async () => {
    const made = await plan({ source: tinyVerse, outtype: 'f16' });
    expect(structuredClone(made)).toEqual(made);
  });
});

describe('what goes wrong', () => {
  /** A copy of the model whose weights can be spoilt. */
  function copy(): string {
    const folder = join(tempFolder(), 'Tiny-Verse-2M');
    cpSync(tinyVerse, folder, { recursive: true });
    return folder;
  }

  test('a NaN in a weight is found while quantizing, and leaves no file', async () => {
    const source = copy();
    const path = join(source, 'model.safetensors');
    const tensors = readTensors(path);
    const spoilt = tensors.find(({ name }) => name === 'model.layers.1.mlp.down_proj.weight');
    spoilt?.bytes.writeUInt16LE(0x7fc0, 2 * (3 * 512 + 5));
    writeTensors(path, tensors);
    const out = tempFolder();
    await expect(run({ source, quant: 'q4_k_m', output: out })).rejects.toMatchObject({
      name: 'BadWeightsError',
      exitCode: 4,
      message: expect.stringMatching(/row 3, column 5 of tensor blk\.1\.ffn_down\.weight is NaN/),
    });
    expect(readdirSync(out)).toEqual([]);
    await run({ source, outtype: 'bf16', output: out });
    expect(readdirSync(out)).toHaveLength(1);
  });

  test('float8 without a word of it in config.json is refused by name', async () => {
    const source = copy();
    const path = join(source, 'model.safetensors');
    const [first, ...rest] = readTensors(path);
    const { shape = [], ...tensor } = first as Tensor;
    writeTensors(path, [{ ...tensor, dtype: 'F8_E4M3', shape: [...shape, 2] }, ...rest]);
    await expect(run({ source, outtype: 'f16', output: tempFolder() })).rejects.toMatchObject({
      name: 'QuantizedSourceError',
      exitCode: 3,
      message: expect.stringMatching(/of model\.safetensors is of dtype F8_E4M3, which this version does not read\./),
    });
  });

  test('weights that shrink after the plan are an error, not a crash', async () => {
    const source = copy();
    const out = tempFolder();
    const consume = async () => {
      for await (const event of convert({ source, outtype: 'f16', output: out })) {
        if (event.event === 'plan') {
          copyFileSync(join(source, 'config.json'), join(source, 'model.safetensors'));
        }
      }
    };
    await expect(consume()).rejects.toMatchObject({
      name: 'ShrunkFileError',
      exitCode: 4,
      message: expect.stringMatching(/model\.safetensors became shorter/),
    });
    expect(readdirSync(out)).toEqual([]);
  });
});
