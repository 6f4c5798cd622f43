import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convert, plan } from '#src/calls/convert.js';
import { planQuantize, quantize } from '#src/calls/quantize.js';
import type { GgmlType } from '#src/gguf/types.js';
import type { PlannedFile } from '#src/layout/plan.js';
import { ConflictingOptionsError } from '#src/plan/check-params.js';
import type { ConversionParams } from '#src/plan/params.js';
import type { Sensitivities, Sensitivity } from '#src/plan/sensitivities.js';
import { TargetTooSmallError } from '#src/plan/target.js';
import type { Imatrix } from '#src/quantize/imatrix/imatrix.js';
import { bitsOf } from '#src/quantize/target/candidates.js';
import type { TensorTypeAssignment } from '#src/quantize/type-options.js';
import { check } from '#src/runner/check.js';
import { collectImatrix } from '#src/runner/imatrix/auto.js';
import { measureSensitivities } from '#src/runner/sensitivity/measure.js';
import { run } from '../cli/run.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { finish } from './records.js';

const source = join(fixtures, 'Tiny-Verse-2M');
/** Another text than the bundled one, on which types are chosen here. */
const text = join(fixtures, 'Tiny-Verse-2M.expected/eval.txt');

const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-test-'));
const fixed = (type: string) => join(folder, `Tiny-Verse-2M-${type}.gguf`);
let chosen: { readonly imatrix: Imatrix; readonly sensitivities: Sensitivities };

beforeAll(async () => {
  const imatrix: Imatrix = await collectImatrix({ source, chunks: 10 });
  chosen = { imatrix, sensitivities: await measureSensitivities({ source, imatrix }) };
  await finish(convert({ source, quant: ['q4_k_m', 'q3_k_m'], imatrix, outtype: 'bf16', output: folder }));
  await finish(convert({ source, outtype: 'bf16', output: folder }));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

async function planned(params: Omit<ConversionParams, 'source'>): Promise<PlannedFile> {
  return (await plan({ source, ...params })).files[0] as PlannedFile;
}

const typesOf = ({ tensors }: PlannedFile) => new Map(tensors.map(({ name, type }) => [name, type]));

test("at a fixed recipe's size: no larger, a tenth less divergence and more, on another text", async () => {
  for (const type of ['Q4_K_M', 'Q3_K_M']) {
    const { size } = statSync(fixed(type));
    const out = join(tempFolder(), 'own.gguf');
    await finish(convert({ source, targetSize: String(size), ...chosen, output: out }));
    expect(statSync(out).size).toBeLessThanOrEqual(size);
    expect(statSync(out).size).toBeGreaterThan(0.98 * size);
    const { models } = await finish(check({ source: [fixed(type), out], against: source, text, chunks: 12 }));
    const [theirs, ours] = models.map(({ divergence }) => divergence?.kld.value ?? Number.NaN);
    expect(ours).toBeLessThan(0.9 * (theirs as number));
    // What was predicted is about what came of it.
    const { prediction } = await planned({ targetSize: String(size), ...chosen });
    expect((prediction?.kld ?? 0) / (ours as number)).toBeGreaterThan(0.5);
    expect((prediction?.kld ?? 0) / (ours as number)).toBeLessThan(2);
  }
}, 120_000);

test('the data is what the fixed recipes make of the same types', async () => {
  const file = await planned({ targetBpw: 4.9, ...chosen });
  const tensorType = [...typesOf(file)].map(([name, type]) => `^${name}$=${type}` as TensorTypeAssignment);
  const out = tempFolder();
  await finish(convert({ source, targetBpw: 4.9, ...chosen, output: join(out, 'a.gguf') }));
  await finish(convert({ source, quant: 'q8_0', tensorType, imatrix: chosen.imatrix, output: join(out, 'b.gguf') }));
  const [a, b] = ['a.gguf', 'b.gguf'].map((name) => readFileSync(join(out, name)).subarray(file.headerSize));
  expect(a?.equals(b as Buffer)).toBe(true);
});

test('bits a weight are of the whole file; its type is that of most bytes, its name says what was asked for', async () => {
  const file = await planned({ targetBpw: 4.9, ...chosen });
  expect(file.size * 8).toBeLessThanOrEqual(4.9 * file.parameters);
  expect(file.name).toBe('Tiny-Verse-2M-4.9BPW.gguf');
  const bytes = new Map<string, number>();
  for (const { type, size } of file.tensors) {
    bytes.set(type, (bytes.get(type) ?? 0) + size);
  }
  const [most] = [...bytes].sort(([, x], [, y]) => y - x)[0] ?? [];
  // llama.h: LLAMA_FTYPE_MOSTLY_*
  const numbers: Record<string, number> = { Q4_K: 15, IQ4_XS: 30, Q5_K: 17, Q6_K: 18, IQ3_S: 26, IQ4_NL: 25 };
  expect(new Map(file.kv).get('general.file_type')?.value).toBe(numbers[most ?? '']);
});

test('from a GGUF file, the same types', async () => {
  const params = { targetBpw: 4.2, ...chosen };
  const [file] = (await planQuantize({ source: fixed('BF16'), ...params })).files;
  expect(file?.name).toBe('Tiny-Verse-2M-4.2bpw.gguf');
  expect(typesOf(file as PlannedFile)).toEqual(typesOf(await planned(params)));
});

test('a tensor whose errors cost more gets more bits; a type whose errors cost more is left out', async () => {
  const name = 'blk.1.ffn_up.weight';
  const all = new Map(chosen.sensitivities);
  const known = all.get(name) as Sensitivity;
  const withCosts = (changed: typeof known) =>
    planned({ targetBpw: 4.5, ...chosen, sensitivities: new Map([...all, [name, changed]]) });
  const before = typesOf(await planned({ targetBpw: 4.5, ...chosen })).get(name) as GgmlType;
  const dearer = typesOf(await withCosts({ ...known, usual: known.usual * 100, byType: {} })).get(name) as GgmlType;
  expect(bitsOf(dearer)).toBeGreaterThan(bitsOf(before));
  expect(typesOf(await withCosts({ ...known, byType: { [before]: known.usual * 1000 } })).get(name)).not.toBe(before);
});

test('types that options name stay, and others give way', async () => {
  const params = { targetBpw: 4.5, ...chosen };
  const free = await planned(params);
  const held = await planned({ ...params, tensorType: ['ffn_up=q8_0'], tokenEmbeddingType: 'q8_0' });
  const types = typesOf(held);
  expect(types.get('token_embd.weight')).toBe('Q8_0');
  expect([...types].filter(([name]) => name.includes('ffn_up')).map(([, type]) => type)).toEqual([
    'Q8_0',
    'Q8_0',
    'Q8_0',
  ]);
  expect(held.size * 8).toBeLessThanOrEqual(4.5 * held.parameters);
  expect(held.prediction?.kld).toBeGreaterThan(free.prediction?.kld ?? Infinity);
});

test('without an importance matrix or sensitivities: no type that needs the one, and less loss with more bits', async () => {
  const files = await Promise.all([3.6, 4.5, 6].map((targetBpw) => planned({ targetBpw })));
  const lowest = ['IQ1_S', 'IQ1_M', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS'];
  expect(files.flatMap(({ tensors }) => tensors).filter(({ type }) => lowest.includes(type))).toEqual([]);
  const errors = files.map(({ prediction }) => prediction?.relativeError ?? Number.NaN);
  expect(errors).toEqual(errors.toSorted((a, b) => b - a));
  expect(files.map(({ prediction }) => prediction?.kld)).toEqual([null, null, null]);
});

test('without sensitivities, still closer to the source than the fixed recipe', async () => {
  const { size } = statSync(fixed('Q3_K_M'));
  const out = join(tempFolder(), 'own.gguf');
  await finish(convert({ source, targetSize: String(size), imatrix: chosen.imatrix, output: out }));
  const { models } = await finish(check({ source: [fixed('Q3_K_M'), out], against: source, text, chunks: 12 }));
  const [theirs, ours] = models.map(({ divergence }) => divergence?.kld.value ?? Number.NaN);
  expect(ours).toBeLessThan(theirs as number);
}, 60_000);

test('more room than there is use for: everything stays as it is', async () => {
  const file = await planned({ targetSize: '1G' });
  expect(new Set(typesOf(file).values())).toEqual(new Set(['F32', 'BF16']));
});

test('what cannot be', async () => {
  const out = tempFolder();
  await expect(finish(convert({ source, targetSize: '100K', output: out }))).rejects.toThrow(TargetTooSmallError);
  await expect(finish(convert({ source, targetBpw: 4, quant: 'q4_0', output: out }))).rejects.toThrow(
    ConflictingOptionsError,
  );
  await expect(finish(convert({ source, targetBpw: 4, pure: true, output: out }))).rejects.toThrow(
    ConflictingOptionsError,
  );
  await expect(finish(quantize({ source: fixed('Q4_K_M'), targetBpw: 4, output: out }))).rejects.toThrow(
    /allow-requantize/,
  );
  expect(readdirSync(out)).toEqual([]);
});

test('the command: the matrix and the sensitivities are measured first, the plan says what is chosen', async () => {
  const out = tempFolder();
  const args = [source, '--target-bpw', '4.9', '--imatrix', 'auto', '--imatrix-text', text];
  const dry = await run([...args, '--dry-run']);
  expect(dry.out).toMatch(/blk\.0\.ffn_down\.weight +BF16 +\S+ .* damage \S+ \(\S+ \S+, \S+ \S+\)/);
  expect(dry.out).toMatch(/a mean KL divergence of 0\.00\d+ nats/);
  const { code } = await run(['quantize', fixed('BF16'), join(out, 'x.gguf'), '--target-size', '1.2M']);
  expect(code).toBe(0);
  expect(statSync(join(out, 'x.gguf')).size).toBeLessThanOrEqual(1_200_000);
}, 120_000);
