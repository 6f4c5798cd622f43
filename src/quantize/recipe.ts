import { blockSize, type GgmlType } from '../gguf/types.js';
import { FILE_TYPES, type FileType } from './file-types.js';
import type { Choice } from './outtype.js';

/**
 * Which type a tensor gets in a quantized file: llama-quantize's choices (src/llama-quant.cpp of llama.cpp v0.5.0) as a
 * table. A rule's name is what the plan prints as the reason.
 */

/** What the rules ask about a model; see `modelFacts`. */
export interface ModelFacts {
  readonly arch: string;
  readonly layers: number;
  readonly experts: number;
  /** Llama-2-70B's like: eight query heads share an attn_v, so that more bits there cost next to nothing. */
  readonly is70B: boolean;
}

export interface RecipeTensor {
  readonly name: string;
  /** ggml's order: the row length first. */
  readonly ne: readonly number[];
  /** The type before quantization. */
  readonly type: GgmlType;
}

type Category =
  | 'output'
  | 'token_embd'
  | 'attn_qkv'
  | 'attn_kv_b'
  | 'attn_v'
  | 'attn_k'
  | 'attn_q'
  | 'attn_output'
  | 'ffn_up'
  | 'ffn_gate'
  | 'ffn_down'
  | 'other';

/** The first match is the tensor's category. */
const CATEGORIES: readonly (readonly [RegExp, Category])[] = [
  [/^output\.weight$/, 'output'],
  [/^(per_layer_)?token_embd\.weight$/, 'token_embd'],
  [/attn_qkv\.weight/, 'attn_qkv'],
  [/attn_kv_b\.weight/, 'attn_kv_b'],
  [/attn_v\.weight/, 'attn_v'],
  [/attn_k\.weight/, 'attn_k'],
  [/attn_q\.weight/, 'attn_q'],
  [/attn_output\.weight/, 'attn_output'],
  [/ffn_up/, 'ffn_up'],
  [/ffn_gate/, 'ffn_gate'],
  [/ffn_down/, 'ffn_down'],
];

/** Matrices that are never quantized: small, or too sensitive. */
const KEPT: readonly RegExp[] = [
  /_norm\.weight/,
  /ffn_gate_inp\.weight/,
  /ffn_gate_tid2eid\.weight/,
  /altup|laurel|per_layer_model_proj/,
  /^(position_embd|token_types)\.weight$/,
  /ssm_conv1d|shortconv\.conv\.weight/,
  /indexer\.[kq]_proj\.weight/,
  /time_mix_(first|[wva][012]|g[12]|decay_w[12]|lerp_fused)\.weight/,
  /attn_rel_b\.weight/,
  /\.position_embd|sam\.pos_embd|sam\.neck\.|sam\.net_|\.rel_pos|\.patch_embd|\.patch_merger/,
  /a\.rvq\.codebook|mm\.a\.code_embd/,
];

/** What a rule may look at. */
interface Subject {
  readonly facts: ModelFacts;
  readonly fileType: FileType;
  readonly defaultType: GgmlType;
  readonly columns: number;
  /** Position within the category, in the order of the file, and the category's size (for ffn_*: the layers). */
  readonly index: number;
  readonly count: number;
}

interface Rule {
  readonly categories: readonly Category[];
  readonly fileTypes?: readonly FileType[];
  readonly type: GgmlType;
  readonly why: string;
  when?(subject: Subject): boolean;
}

const VALUES: readonly Category[] = ['attn_v', 'attn_qkv', 'attn_kv_b'];
const isFalcon = ({ facts }: Subject) => facts.arch === 'falcon';
const hasEightExperts = ({ facts }: Subject) => facts.experts === 8;

/** The first eighth of the layers, the last eighth, and every third one between. */
function usesMoreBits({ index, count }: Subject): boolean {
  const eighth = Math.floor(count / 8);
  return index < eighth || index >= Math.floor((7 * count) / 8) || (index - eighth) % 3 === 2;
}

/** The first rule that applies decides; without one, the file type's default does. */
const RULES: readonly Rule[] = [
  {
    categories: ['output'],
    type: 'Q8_0',
    why: "output whose rows don't fit the default type",
    when: (s) => isFalcon(s) || s.columns % blockSize(s.defaultType) !== 0,
  },
  { categories: ['output'], type: 'Q6_K', why: 'output', when: (s) => s.defaultType !== 'Q8_0' },
  { categories: VALUES, type: 'Q8_0', why: 'values of 8 experts', when: hasEightExperts },
  { categories: VALUES, fileTypes: ['Q4_K_M', 'Q5_K_M'], type: 'Q6_K', why: 'values, more bits', when: usesMoreBits },
  { categories: VALUES, fileTypes: ['Q4_K_S'], type: 'Q5_K', why: 'first four values', when: (s) => s.index < 4 },
  {
    categories: VALUES,
    type: 'Q5_K',
    why: 'values of a 70B',
    when: (s) => s.facts.is70B && s.defaultType === 'Q4_K',
  },
  { categories: ['attn_k'], type: 'Q8_0', why: 'keys of 8 experts', when: hasEightExperts },
  {
    categories: ['ffn_down'],
    fileTypes: ['Q4_K_M'],
    type: 'Q6_K',
    why: 'falcon ffn_down, first sixteenth',
    when: (s) => isFalcon(s) && s.index < Math.floor(s.count / 16),
  },
  {
    categories: ['ffn_down'],
    fileTypes: ['Q4_K_M'],
    type: 'Q5_K',
    why: 'falcon ffn_down, more bits',
    when: (s) => isFalcon(s) && usesMoreBits(s),
  },
  {
    categories: ['ffn_down'],
    fileTypes: ['Q4_K_M'],
    type: 'Q6_K',
    why: 'ffn_down, more bits',
    when: (s) => !isFalcon(s) && usesMoreBits(s),
  },
  { categories: ['ffn_down'], fileTypes: ['Q5_K_M'], type: 'Q6_K', why: 'ffn_down, more bits', when: usesMoreBits },
  {
    categories: ['ffn_down'],
    fileTypes: ['Q4_K_S'],
    type: 'Q5_K',
    why: 'ffn_down, first eighth',
    when: (s) => !isFalcon(s) && s.index < Math.floor(s.count / 8),
  },
  {
    categories: ['attn_output'],
    fileTypes: ['Q4_K_S', 'Q4_K_M'],
    type: 'Q5_K',
    why: 'attn_output of 8 experts',
    when: (s) => !isFalcon(s) && hasEightExperts(s),
  },
];

/** What a type becomes when the row length is no multiple of its block. */
const FALLBACK: Partial<Record<GgmlType, GgmlType>> = { Q4_K: 'Q5_0', Q5_K: 'Q5_1', Q6_K: 'Q8_0' };

/** Order of a quantized file: by layer, tensors without one first, then by name in byte order. */
export function compareForQuantized(a: { name: string }, b: { name: string }): number {
  const layer = (name: string) => Number(/^blk\.(\d+)/.exec(name)?.[1] ?? -1);
  return layer(a.name) - layer(b.name) || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

/** @param tensors in the order of the file (`compareForQuantized`). */
export function chooseQuantTypes(tensors: readonly RecipeTensor[], fileType: FileType, facts: ModelFacts): Choice[] {
  const isTied = !tensors.some(({ name }) => name === 'output.weight');
  const values = tensors.filter(({ name }) => VALUES.includes(categoryOf(name))).length;
  const seen = new Map<Category, number>();
  const defaultType: GgmlType = FILE_TYPES[fileType].type;

  return tensors.map((tensor) => {
    const kept = whyKept(tensor);
    if (kept) {
      return { type: tensor.type, why: kept };
    }
    if (blockSize(defaultType) === 1) {
      return { type: defaultType, why: fileType };
    }
    const named = categoryOf(tensor.name);
    const category = named === 'token_embd' && isTied ? 'output' : named;
    const counter = VALUES.includes(category) ? 'attn_v' : category;
    const position = seen.get(counter) ?? 0;
    seen.set(counter, position + 1);
    const subject: Subject = {
      facts,
      fileType,
      defaultType,
      columns: tensor.ne[0] ?? 1,
      index: counter === 'ffn_down' && facts.experts > 1 ? Number(/^blk\.(\d+)\./.exec(tensor.name)?.[1]) : position,
      count: counter === 'attn_v' ? values : facts.layers,
    };
    const rule = RULES.find(
      (r) =>
        r.categories.includes(category) && (r.fileTypes?.includes(fileType) ?? true) && (r.when?.(subject) ?? true),
    );
    return fallBack(rule ?? { type: defaultType, why: fileType }, subject.columns);
  });
}

function categoryOf(name: string): Category {
  return CATEGORIES.find(([pattern]) => pattern.test(name))?.[1] ?? 'other';
}

function whyKept({ name, ne }: RecipeTensor): string | null {
  if (dimensions(ne) < 2) {
    return 'one dimension';
  }
  if (!name.endsWith('weight')) {
    return 'no weight matrix';
  }
  return KEPT.some((pattern) => pattern.test(name)) ? 'never quantized' : null;
}

/** ggml's count: trailing dimensions of one element don't count. */
export function dimensions(ne: readonly number[]): number {
  let count = ne.length;
  while (count > 1 && ne[count - 1] === 1) {
    count--;
  }
  return Math.max(count, 1);
}

function fallBack({ type, why }: Choice, columns: number): Choice {
  if (columns % blockSize(type) === 0) {
    return { type, why };
  }
  const fallback = FALLBACK[type] ?? type;
  return {
    type: columns % blockSize(fallback) === 0 ? fallback : 'F16',
    why: `row length ${columns} is not a multiple of ${blockSize(type)}`,
    instead: type,
  };
}
