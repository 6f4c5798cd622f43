import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KeyValues } from '#src/gguf/key-values.js';
import { GGML_TYPES, type GgmlType, type Scalar } from '#src/gguf/types.js';
import { FILE_TYPES, type FileType } from '#src/quantize/file-types.js';
import { type ModelFacts, modelFacts } from '#src/quantize/model-facts.js';
import type { TypeRequest } from '#src/quantize/recipe/choose.js';
import type { RecipeTensor } from '#src/quantize/recipe/tensor.js';
import { parseTensorType, parseTensorTypeRule } from '#src/quantize/type-options.js';

/** What llama-quantize --dry-run says of a model, and of what one run gives its tensors. */
export interface RecipeCase {
  readonly kv: Record<string, Scalar | Scalar[]>;
  readonly tensors: [name: string, ne: number[], type: GgmlType][];
  readonly order: string[];
  readonly runs: RecipeRun[];
  readonly snapshot?: string;
}

export interface RecipeRun {
  readonly ftype: FileType;
  readonly flags: string[];
  readonly needs_imatrix?: boolean;
  /** Type → tensors, in the short form; those whose type stays are not listed. */
  readonly types?: Record<string, string[]>;
  readonly error?: string[];
}

/** The folder's cases by file name; snapshots are another format. */
export function readRecipes(folder: string): [file: string, model: RecipeCase][] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json') && file !== 'snapshots.json')
    .map((file) => [file, JSON.parse(readFileSync(join(folder, file), 'utf8')) as RecipeCase]);
}

export function tensorsOf(model: RecipeCase): RecipeTensor[] {
  return model.tensors.map(([name, ne, type]) => ({ name, ne, type }));
}

/** The types of a run by tensor: the source's where the run lists none. */
export function typesOf(tensors: readonly RecipeTensor[], listed: Record<string, string[]>): Map<string, GgmlType> {
  const types = new Map(tensors.map(({ name, type }) => [name, type]));
  for (const [type, name] of expandAll(listed)) {
    types.set(name, type);
  }
  return types;
}

/** [type, tensor] of `{ q8_0: ['blk.{0-2,5}.attn_v.weight'] }`, which names four tensors. */
export function expandAll(listed: Record<string, string[]>): [GgmlType, string][] {
  return Object.entries(listed).flatMap(([name, tensors]) => {
    const type = typeNamed(name);
    return tensors.flatMap(expand).map((tensor): [GgmlType, string] => [type, tensor]);
  });
}

function expand(name: string): string[] {
  const group = /\{([^}]*)\}/.exec(name);
  if (!group?.[1]) {
    return [name];
  }
  return group[1].split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => name.replace(group[0], String(from + i)));
  });
}

export function typeNamed(name: string): GgmlType {
  const type = name.toUpperCase();
  expect(Object.keys(GGML_TYPES)).toContain(type);
  return type as GgmlType;
}

export function factsOf(kv: RecipeCase['kv']): ModelFacts {
  const values = new KeyValues();
  for (const [key, value] of Object.entries(kv)) {
    if (Array.isArray(value)) {
      values.array(key, 'u32', value);
    } else {
      values.scalar(key, typeof value === 'string' ? 'string' : 'u32', value);
    }
  }
  return modelFacts(values);
}

/** llama-quantize's flags, such as `['--pure', '--tensor-type', 'attn_v=q8_0']`. */
export function requestOf(fileType: FileType, flags: readonly string[]): TypeRequest {
  expect(Object.keys(FILE_TYPES)).toContain(fileType);
  const values = (option: string) => flags.filter((_, i) => flags[i - 1] === option);
  const [output] = values('--output-tensor-type');
  const [embedding] = values('--token-embedding-type');
  return {
    fileType,
    hasImatrix: flags.includes('--imatrix'),
    pure: flags.includes('--pure'),
    leaveOutputTensor: flags.includes('--leave-output-tensor'),
    ...(output && { outputTensorType: parseTensorType(output, '--output-tensor-type') }),
    ...(embedding && { tokenEmbeddingType: parseTensorType(embedding, '--token-embedding-type') }),
    tensorTypes: values('--tensor-type').map((rule) => parseTensorTypeRule(rule)),
  };
}
