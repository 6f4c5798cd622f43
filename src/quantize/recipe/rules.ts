import { blockSize, type GgmlType } from '../../gguf/types.js';
import type { FileType } from '../file-types.js';
import type { ModelFacts } from '../model-facts.js';
import { type Category, isFeedForward } from './categories.js';

/**
 * Which type the mixtures give a tensor: `llama_tensor_get_type_impl` in src/llama-quant.cpp of llama.cpp v0.5.0 as a
 * table. A category's first rule that fits decides; without one, the file type's default type does.
 */

/** The facts that a rule may look at: one tensor, its file and its model. */
export interface RuleInput {
  readonly category: Category;
  readonly facts: ModelFacts;
  readonly fileType: FileType;
  readonly defaultType: GgmlType;
  readonly hasImatrix: boolean;
  readonly columns: number;
  /** The third dimension: more than one for stacked experts. */
  readonly matrices: number;
  /** Position within the category in the order of the file (ffn_* of experts: the layer), and how many there are. */
  readonly index: number;
  readonly count: number;
}

type Condition = (input: RuleInput) => boolean;
type Rule = readonly [
  type: GgmlType | 'default',
  why: string,
  fileTypes?: readonly FileType[] | null,
  when?: Condition,
];

/** A type, and the reason that the plan prints. */
export interface Decision {
  readonly type: GgmlType;
  readonly why: string;
}

/** The mixture's choice. */
export function decide(input: RuleInput): Decision {
  const rule = rulesFor(input).find(
    ([, , fileTypes, when]) => (fileTypes?.includes(input.fileType) ?? true) && (when?.(input) ?? true),
  );
  const [type, why] = rule ?? ['default', input.fileType];
  return { type: type === 'default' ? input.defaultType : type, why };
}

function rulesFor(input: RuleInput): readonly Rule[] {
  if (input.fileType === 'MXFP4_MOE') {
    return MXFP4_MOE;
  }
  const rules = RULES[input.category] ?? [];
  return input.facts.arch === 'falcon' ? [...(FALCON[input.category] ?? []), ...rules] : rules;
}

/** The low-bit mixtures: where one spends more bits, the first four take Q2_K, the last two IQ3_S. */
const WITH_Q2_K: readonly FileType[] = ['IQ1_S', 'IQ1_M', 'IQ2_XXS', 'IQ2_XS'];
const WITH_IQ3_S: readonly FileType[] = ['IQ2_S', 'IQ2_M'];
const LOW_BIT: readonly FileType[] = [...WITH_Q2_K, ...WITH_IQ3_S];
const ANY = null;

/**
 * Whether `index` is the layer in the tensor's name, not its position: experts may stand in any order. The low-bit
 * mixtures count positions even so.
 */
export function countsByLayer(category: Category, fileType: FileType, { experts }: ModelFacts): boolean {
  return isFeedForward(category) && experts > 1 && fileType !== 'MXFP4_MOE' && !LOW_BIT.includes(fileType);
}

const all =
  (...conditions: Condition[]): Condition =>
  (s) =>
    conditions.every((condition) => condition(s));
const hasImatrix: Condition = (s) => s.hasImatrix;
const noImatrix: Condition = (s) => !s.hasImatrix;
const eightExperts: Condition = ({ facts }) => facts.experts === 8;
const sharedByFour: Condition = ({ facts }) => facts.gqa >= 4;
const is70B: Condition = ({ facts }) => facts.is70B;
const first =
  (n: number): Condition =>
  (s) =>
    s.index < n;
const firstPart =
  (divisor: number): Condition =>
  ({ index, count }) =>
    index < Math.floor(count / divisor);
const firstEighth = firstPart(8);
const lastEighth: Condition = ({ index, count }) => index >= Math.floor((7 * count) / 8);
/** The first eighth of the layers, the last eighth, and every third one between. */
const moreBits: Condition = (s) => firstEighth(s) || lastEighth(s) || (s.index - Math.floor(s.count / 8)) % 3 === 2;
/** In BailingMoE 3, projections of the latent attention are stacked like experts. */
const isExperts: Condition = ({ category, matrices, facts }) =>
  matrices > 1 && category !== 'output' && (facts.arch !== 'bailingmoe3' || isFeedForward(category));

const MXFP4_MOE: readonly Rule[] = [
  ['MXFP4', 'experts', ANY, isExperts],
  ['Q8_0', 'beside the experts'],
];

const OUTPUT: readonly Rule[] = [
  ['Q8_0', "output whose rows don't fit the default type", ANY, (s) => s.columns % blockSize(s.defaultType) !== 0],
  ['Q5_K', 'output', [...LOW_BIT, 'IQ3_XXS']],
  ['default', 'output', ['Q8_0']],
  ['Q6_K', 'output'],
];

const TOKEN_EMBD: readonly Rule[] = [
  ['Q2_K', 'token_embd', WITH_Q2_K],
  ['IQ3_S', 'token_embd', [...WITH_IQ3_S, 'IQ3_XXS']],
  ['Q4_K', 'token_embd', ['TQ1_0', 'TQ2_0', 'Q2_0']],
];

const VALUES: readonly Rule[] = [
  ['Q4_K', 'values shared by four heads or experts', LOW_BIT, (s) => sharedByFour(s) || s.facts.experts >= 4],
  ['Q2_K', 'values', WITH_Q2_K],
  ['IQ3_S', 'values', WITH_IQ3_S],
  ['Q8_0', 'values of 8 experts', ANY, eightExperts],
  ['Q6_K', 'values, more bits', ['Q4_K_M', 'Q5_K_M'], moreBits],
  ['Q5_K', 'values of a 70B', ['Q2_K', 'Q3_K_S', 'Q3_K_M', 'Q4_K_S', 'Q4_K_M', 'IQ3_M'], is70B],
  ['Q5_K', 'values of a 70B', ['Q2_K_S', 'IQ3_XXS', 'IQ3_XS', 'IQ3_S'], all(is70B, sharedByFour)],
  ['Q5_K', 'values', ['Q3_K_L']],
  ['Q5_K', 'first two values', ['Q3_K_M'], first(2)],
  ['Q5_K', 'first four values', ['Q4_K_S'], first(4)],
  ['Q5_K', 'values shared by four heads', ['IQ4_NL', 'IQ4_XS'], sharedByFour],
  ['Q4_K', 'values shared by four heads', ['Q2_K', 'Q2_K_S', 'IQ3_XXS', 'IQ3_XS', 'IQ3_S'], sharedByFour],
  ['Q4_K', 'values', ['Q3_K_M', 'IQ3_M']],
  ['Q3_K', 'values', ['Q2_K']],
  ['IQ3_S', 'values without an imatrix', ['IQ3_XXS'], noImatrix],
];

const ATTN_Q: readonly Rule[] = [
  ['IQ3_XXS', 'queries and keys', ['IQ3_XS']],
  ['IQ2_S', 'queries and keys', ['IQ3_XXS']],
];

const ATTN_K: readonly Rule[] = [
  ['Q4_K', 'keys of 8 experts', LOW_BIT, eightExperts],
  ['Q8_0', 'keys of 8 experts', ANY, eightExperts],
  ...ATTN_Q,
];

const ATTN_OUTPUT_LOW_BIT: readonly Rule[] = [
  ['Q5_K', 'attn_output of 8 experts', LOW_BIT, eightExperts],
  ['IQ2_XXS', 'attn_output', ['IQ1_S', 'IQ1_M']],
  ['IQ3_S', 'attn_output', WITH_IQ3_S],
];

const ATTN_OUTPUT: readonly Rule[] = [
  ...ATTN_OUTPUT_LOW_BIT,
  ['Q5_K', 'attn_output of 8 experts', ['Q2_K', 'Q3_K_S', 'Q3_K_M', 'Q4_K_S', 'Q4_K_M'], eightExperts],
  ['Q5_K', 'attn_output of 8 experts', ['IQ3_XXS', 'IQ3_XS', 'IQ3_S', 'IQ3_M', 'IQ4_XS', 'IQ4_NL'], eightExperts],
  ['default', 'attn_output of 8 experts', ['Q3_K_L'], eightExperts],
  ['Q5_K', 'attn_output', ['Q3_K_L']],
  ['Q4_K', 'attn_output', ['Q3_K_M', 'IQ3_M']],
  ['Q3_K', 'attn_output', ['Q2_K']],
  ['IQ3_S', 'attn_output', ['IQ3_XXS']],
];

const FFN_DOWN: readonly Rule[] = [
  ['Q2_K', 'ffn_down, first eighth', WITH_Q2_K, firstEighth],
  ['IQ3_S', 'ffn_down, first eighth', WITH_IQ3_S, firstEighth],
  ['Q6_K', 'ffn_down, more bits', ['Q4_K_M', 'Q5_K_M'], moreBits],
  ['Q5_K', 'ffn_down', ['Q3_K_L']],
  ['Q5_K', 'ffn_down, first sixteenth', ['Q3_K_M'], firstPart(16)],
  ['Q4_K', 'ffn_down', ['Q3_K_M']],
  ['Q3_K', 'ffn_down', ['Q2_K']],
  ['Q5_K', 'ffn_down, first eighth', ['Q4_K_S'], firstEighth],
  ['Q4_K', 'ffn_down, first eighth', ['Q2_K_S', 'IQ3_M'], firstEighth],
  ['Q4_K', 'ffn_down of 8 experts, more bits', ['IQ3_M'], all(eightExperts, moreBits)],
  ['Q5_K', 'ffn_down without an imatrix, first eighth', ['IQ4_NL', 'IQ4_XS'], all(noImatrix, firstEighth)],
  ['Q4_K', 'ffn_down without an imatrix, first eighth', ['IQ3_XXS'], all(noImatrix, firstEighth)],
  ['Q3_K', 'ffn_down without an imatrix', ['IQ3_XXS'], noImatrix],
  ['Q4_1', 'ffn_down with an imatrix, first eighth', ['Q4_0'], all(hasImatrix, firstEighth)],
  ['Q5_1', 'ffn_down with an imatrix, first eighth', ['Q5_0'], all(hasImatrix, firstEighth)],
];

const FFN_UP_AND_GATE: readonly Rule[] = [
  ['IQ3_XXS', 'ffn_up and ffn_gate, middle layers', ['IQ3_XS'], (s) => !firstEighth(s) && !lastEighth(s)],
];

const RULES: Partial<Record<Category, readonly Rule[]>> = {
  output: OUTPUT,
  token_embd: TOKEN_EMBD,
  values: VALUES,
  attn_q: ATTN_Q,
  attn_k: ATTN_K,
  attn_output: ATTN_OUTPUT,
  ffn_up: FFN_UP_AND_GATE,
  ffn_gate: FFN_UP_AND_GATE,
  ffn_down: FFN_DOWN,
};

/** Rules that come before the others for the Falcon architecture. */
const FALCON: Partial<Record<Category, readonly Rule[]>> = {
  output: [['Q8_0', 'falcon output']],
  attn_output: [...ATTN_OUTPUT_LOW_BIT, ['Q4_K', 'falcon attn_output', ['Q3_K_L']], ['default', 'falcon attn_output']],
  ffn_down: [
    ['Q6_K', 'falcon ffn_down, first sixteenth', ['Q4_K_M'], firstPart(16)],
    ['Q5_K', 'falcon ffn_down, more bits', ['Q4_K_M'], moreBits],
    ['Q5_K', 'falcon ffn_down, first sixteenth', ['Q3_K_M'], firstPart(16)],
    ['Q4_K', 'falcon ffn_down, more bits', ['Q3_K_M'], moreBits],
    ['Q4_K', 'falcon ffn_down', ['Q3_K_L']],
    ['default', 'falcon ffn_down', ['Q3_K_M', 'Q4_K_S', 'Q4_K_M']],
  ],
};
