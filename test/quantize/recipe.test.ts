import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GgmlType } from '#src/gguf/types.js';
import { FILE_TYPES, type FileType } from '#src/quantize/file-types.js';
import { checkRowLengths, chooseQuantTypes, LayerNameError, type TypeRequest } from '#src/quantize/recipe/choose.js';
import { RowLengthError } from '#src/quantize/recipe/fallback.js';
import { compareForQuantized, type RecipeTensor } from '#src/quantize/recipe/tensor.js';
import { dataTest, fixtures } from '../paths.js';
import {
  expandAll,
  factsOf,
  type RecipeCase,
  type RecipeRun,
  readRecipes,
  requestOf,
  tensorsOf,
  typeNamed,
  typesOf,
} from './recipes.js';

describe('every tensor gets the type that llama-quantize gives it', () => {
  for (const [file, model] of readRecipes(join(fixtures, 'quantize/recipes'))) {
    test(`${file}: every file type, with an imatrix, with each option`, () => {
      expect(compareRuns(file, model)).toBe(102);
    });
  }

  dataTest('32 models', (data) => {
    const runs = readRecipes(join(data, 'corpus-quant/recipes')).map(([file, model]) => compareRuns(file, model));
    expect(runs.reduce((sum, count) => sum + count)).toBe(32 * 102);
  });
});

/** Every run of a model, one at a time so that a failure names it; returns how many. */
function compareRuns(file: string, model: RecipeCase): number {
  const tensors = tensorsOf(model).sort(compareForQuantized);
  expect(tensors.map(({ name }) => name)).toEqual(model.order);
  for (const run of model.runs) {
    const where = { file, ftype: run.ftype, flags: run.flags };
    expect({ ...where, ...outcome(tensors, run, model) }).toEqual({ ...where, ...expected(tensors, run) });
  }
  return model.runs.length;
}

function outcome(tensors: readonly RecipeTensor[], { ftype, flags }: RecipeRun, { kv }: RecipeCase) {
  const request = requestOf(ftype, flags);
  try {
    const choices = chooseQuantTypes(tensors, request, factsOf(kv));
    return {
      types: table(tensors.map(({ name }, i) => [name, choices[i]?.type])),
      needsImatrix: !request.hasImatrix && choices.some((choice) => choice.needsImatrix),
    };
  } catch (error) {
    if (!(error instanceof RowLengthError)) {
      throw error;
    }
    return { refused: /tensor (\S+)/.exec(error.message)?.[1] };
  }
}

function expected(tensors: readonly RecipeTensor[], run: RecipeRun) {
  return run.error
    ? { refused: /warning: (\S+)/.exec(run.error[0] ?? '')?.[1] }
    : { types: table(typesOf(tensors, run.types ?? {})), needsImatrix: run.needs_imatrix };
}

/** One string compares in no time, and shows as lines where it differs. */
function table(types: Iterable<readonly [string, GgmlType | undefined]>): string {
  return [...types].map((pair) => pair.join(' ')).join('\n');
}

interface Snapshot {
  readonly hparams: { n_layer: number; n_head: number; n_head_kv: number; n_expert?: number };
  readonly ftypes: Record<string, { default: string; types: Record<string, string[]> }>;
}

dataTest("llama.cpp's own snapshots of 12 models", (data) => {
  const folder = join(data, 'corpus-quant/recipes');
  const snapshots: Record<string, Snapshot> = JSON.parse(readFileSync(join(folder, 'snapshots.json'), 'utf8'));
  const models = readRecipes(folder).map(([, model]) => model);
  let sections = 0;
  for (const [name, snapshot] of Object.entries(snapshots)) {
    const model = models.find((m) => m.snapshot === name);
    const tensors = (model ? quantizable(model) : tensorsFrom(snapshot)).sort(compareForQuantized);
    const arch = String(model?.kv['general.architecture'] ?? 'any');
    for (const [ftype, { default: base, types }] of Object.entries(snapshot.ftypes)) {
      const byDefault = tensors.map((t) => ({ ...t, type: typeNamed(base) }));
      const choices = chooseQuantTypes(tensors, requestOf(ftype as FileType, []), factsOf(keyValues(arch, snapshot)));
      const got = table(tensors.map((t, i) => [t.name, choices[i]?.type]));
      expect({ name, ftype, types: got }).toEqual({ name, ftype, types: table(typesOf(byDefault, types)) });
      sections++;
    }
  }
  expect(sections).toBe(12 * 33);
});

function keyValues(arch: string, { hparams }: Snapshot): RecipeCase['kv'] {
  return {
    'general.architecture': arch,
    [`${arch}.block_count`]: hparams.n_layer,
    [`${arch}.attention.head_count`]: hparams.n_head,
    [`${arch}.attention.head_count_kv`]: hparams.n_head_kv,
    [`${arch}.expert_count`]: hparams.n_expert ?? 0,
  };
}

/** The tensors that any run changes. */
function quantizable(model: RecipeCase): RecipeTensor[] {
  const changed = new Set(model.runs.flatMap(({ types }) => expandAll(types ?? {}).map(([, name]) => name)));
  return tensorsOf(model).filter(({ name }) => changed.has(name));
}

/**
 * Where a snapshot comes without a list of tensors: those it names. Rows are of 256, or of 32 where Q6_K does not fit;
 * experts are what MXFP4_MOE does not make Q8_0.
 */
function tensorsFrom({ ftypes }: Snapshot): RecipeTensor[] {
  const listed = (ftype: string) => expandAll(ftypes[ftype]?.types ?? {}).map(([, name]) => name);
  const names = new Set(Object.keys(ftypes).flatMap(listed));
  const short = new Set(listed('Q6_K'));
  const single = new Set(listed('MXFP4_MOE'));
  return [...names].map((name) => ({
    name,
    type: 'F32',
    ne: [short.has(name) ? 32 : 256, 2, single.has(name) ? 1 : 2],
  }));
}

const LLAMA = { 'general.architecture': 'llama', 'llama.block_count': 8, 'llama.attention.head_count': 4 };

/** Types and reasons of made-up tensors. */
function choose(request: Partial<TypeRequest>, tensors: Record<string, number[]>, kv: RecipeCase['kv'] = LLAMA) {
  const list = Object.entries(tensors).map(([name, ne]) => ({ name, ne, type: 'BF16' as GgmlType }));
  const choices = chooseQuantTypes(list, { fileType: 'Q4_K_M', hasImatrix: false, ...request }, factsOf(kv));
  return Object.fromEntries(list.map(({ name }, i) => [name, choices[i]]));
}

describe('precedence of the options', () => {
  const NAMES = ['token_embd.weight', 'per_layer_token_embd.weight', 'blk.0.attn_v.weight', 'blk.1.attn_v.weight'];
  const tied = Object.fromEntries(NAMES.map((name) => [name, [256, 2]]));
  const untied = { ...tied, 'output.weight': [256, 2] };
  const tensorTypes = [
    { pattern: /token_embd/, type: 'Q5_0' as const },
    { pattern: /blk\.0|output/, type: 'Q5_1' as const },
    { pattern: /blk/, type: 'Q8_0' as const },
  ];
  const types = (choices: ReturnType<typeof choose>) => Object.values(choices).map((choice) => choice?.type);
  // In the order of NAMES, then output.weight.
  test.each([
    [
      '--tensor-type wins over the mixture, the first pattern over the others',
      { tensorTypes },
      'Q5_0 Q5_0 Q5_1 Q8_0 Q5_1',
    ],
    ['and over --pure', { tensorTypes, pure: true }, 'Q5_0 Q5_0 Q5_1 Q8_0 Q5_1'],
    ['but not in files that are not quantized', { tensorTypes, fileType: 'F16' }, 'F16 F16 F16 F16 F16'],
    [
      '--token-embedding-type and --output-tensor-type win over it; a named per_layer_token_embd keeps its own',
      { tensorTypes, tokenEmbeddingType: 'IQ4_NL', outputTensorType: 'Q4_1', pure: true },
      'IQ4_NL Q5_0 Q5_1 Q8_0 Q4_1',
    ],
    [
      'per_layer_token_embd follows where it is not named',
      { tokenEmbeddingType: 'IQ4_NL', pure: true },
      'IQ4_NL IQ4_NL Q4_K Q4_K Q4_K',
    ],
    [
      'they hold in files that are not quantized too',
      { tokenEmbeddingType: 'Q8_0', outputTensorType: 'Q6_K', fileType: 'F16' },
      'Q8_0 Q8_0 F16 F16 Q6_K',
    ],
    [
      '--leave-output-tensor wins over all',
      { tensorTypes, outputTensorType: 'Q4_1', leaveOutputTensor: true },
      'Q5_0 Q5_0 Q5_1 Q8_0 BF16',
    ],
    ['COPY keeps all', { tensorTypes, tokenEmbeddingType: 'Q8_0', fileType: 'COPY' }, 'BF16 BF16 BF16 BF16 BF16'],
  ] as const)('%s', (_, request, want) => {
    expect(types(choose(request, untied)).join(' ')).toBe(want);
  });

  test.each([
    ['embeddings that are the output too take --output-tensor-type', { outputTensorType: 'Q4_1' }, 'Q4_1 Q4_1'],
    ['but --tensor-type and --pure come first', { outputTensorType: 'Q4_1', pure: true }, 'Q4_K Q4_K'],
    ['and --leave-output-tensor does not keep them', { leaveOutputTensor: true }, 'Q6_K Q6_K'],
    ['in a file that is not quantized it is ignored', { outputTensorType: 'Q4_1', fileType: 'F16' }, 'F16 F16'],
  ] as const)('%s', (_, request, want) => {
    expect(types(choose(request, tied)).slice(0, 2).join(' ')).toBe(want);
  });

  test('a tensor with a type of its own does not count as the first of its category', () => {
    const values = Object.fromEntries([0, 1, 2, 3, 4, 5].map((i) => [`blk.${i}.attn_v.weight`, [256, 2]]));
    expect(types(choose({ fileType: 'Q4_K_S' }, values)).join(' ')).toBe('Q5_K Q5_K Q5_K Q5_K Q4_K Q4_K');
    const named = { fileType: 'Q4_K_S', tensorTypes: [{ pattern: /blk\.0/, type: 'Q8_0' }] } as const;
    expect(types(choose(named, values)).join(' ')).toBe('Q8_0 Q5_K Q5_K Q5_K Q5_K Q4_K');
  });
});

describe('rows that do not fit', () => {
  test('a type falls back, and the choice says from which', () => {
    const { 'blk.0.attn_q.weight': choice } = choose({}, { 'blk.0.attn_q.weight': [96, 2] });
    expect(choice).toEqual({ type: 'Q5_0', instead: 'Q4_K', why: 'row length 96 is not a multiple of 256' });
  });

  test.each(['Q1_0', 'NVFP4'] as const)('%s has no fallback', (type) => {
    const request = { tensorTypes: [{ pattern: /attn_q/, type }] };
    expect(() => choose(request, { 'blk.0.attn_q.weight': [96, 2] })).toThrow(RowLengthError);
    expect(() => choose(request, { 'blk.0.attn_q.weight': [96, 2] })).toThrow(
      /blk\.0\.attn_q\.weight have 96 elements/,
    );
  });

  test('what an option forces is refused when it is to be written', () => {
    const tensors = [{ name: 'token_embd.weight', ne: [96, 2], type: 'BF16' as const }];
    const force = (type: GgmlType) =>
      chooseQuantTypes(tensors, { fileType: 'Q4_K_M', hasImatrix: false, tokenEmbeddingType: type }, factsOf(LLAMA));
    expect(() => checkRowLengths(tensors, force('Q4_0'))).not.toThrow();
    expect(() => checkRowLengths(tensors, force('Q4_K'))).toThrow(/token_embd\.weight have 96 elements.*256/);
  });
});

describe('models with experts', () => {
  const kv = { ...LLAMA, 'llama.expert_count': 4 };

  test.each([
    ['ffn_up_exps.weight', /names no layer/],
    ['blk.8.ffn_down_exps.weight', /is of layer 8, but the model has 8/],
  ])('%s has no layer', (name, message) => {
    expect(() => choose({}, { [name]: [256, 2, 4] }, kv)).toThrow(LayerNameError);
    expect(() => choose({}, { [name]: [256, 2, 4] }, kv)).toThrow(message);
  });

  test('the low-bit mixtures, MXFP4_MOE and --pure do not ask for it', () => {
    for (const request of [{ fileType: 'IQ2_M' }, { fileType: 'MXFP4_MOE' }, { pure: true }] as const) {
      expect(() => choose(request, { 'ffn_down_exps.weight': [256, 2, 4] }, kv)).not.toThrow();
    }
  });

  test('MXFP4_MOE: stacked projections are experts, in BailingMoE 3 only feed-forward ones', () => {
    const tensors = { 'blk.0.attn_k_b.weight': [256, 2, 4], 'blk.0.ffn_up_exps.weight': [256, 2, 4] };
    const types = (arch: string) =>
      Object.values(choose({ fileType: 'MXFP4_MOE' }, tensors, { 'general.architecture': arch })).map((c) => c?.type);
    expect(types('deepseek2')).toEqual(['MXFP4', 'MXFP4']);
    expect(types('bailingmoe3')).toEqual(['Q8_0', 'MXFP4']);
  });
});

test('the plan names the rule', () => {
  const tensors = { 'token_embd.weight': [256, 2], 'blk.0.attn_v.weight': [256, 2], 'blk.0.attn_norm.weight': [256] };
  const reasons = Object.values(choose({}, tensors)).map((choice) => choice?.why);
  expect(reasons).toEqual(['output', 'values, more bits', 'one dimension']);
});

test('types that need an imatrix are marked, at the ends of the model too few bits are allowed', () => {
  const tensors = { 'token_embd.weight': [256, 2], 'blk.0.attn_q.weight': [256, 2], 'blk.0.attn_v.weight': [256, 2] };
  const marked = (fileType: FileType) =>
    Object.entries(choose({ fileType, pure: true }, tensors)).flatMap(([name, c]) => (c?.needsImatrix ? [name] : []));
  const inLayers = ['blk.0.attn_q.weight', 'blk.0.attn_v.weight'];
  const needing = Object.keys(FILE_TYPES).filter((type) => marked(type as FileType).length > 0);
  expect(needing.sort()).toEqual(['IQ1_M', 'IQ1_S', 'IQ2_M', 'IQ2_S', 'IQ2_XS', 'IQ2_XXS', 'IQ3_XXS', 'Q2_K_S']);
  expect(marked('IQ2_XXS')).toEqual(inLayers);
});
