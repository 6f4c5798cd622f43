import type { FileType } from './file-types.js';

/** Whether an importance matrix changes what a type keeps, or is demanded. */
type Imatrix = 'needed' | 'advised' | 'helps' | 'no';

/** What a type is like. */
export interface TypeNote {
  /** For each weight of a model of 8 billion. */
  readonly bits: number;
  /** What Llama-3-8B's perplexity grows by; null where llama-quantize does not say. */
  readonly perplexity: number | null;
  readonly imatrix: Imatrix;
  /** What it is good for, in a few words. */
  readonly use: string;
}

const GIB = 2 ** 30;
/** Weights of Llama-3-8B. */
const WEIGHTS = 8_030_261_248;
/** By the size in GiB of a quantized Llama-3-8B, which llama-quantize lists. */
const sized = (gib: number, perplexity: number | null, imatrix: Imatrix, use: string): TypeNote => {
  return { bits: (gib * GIB * 8) / WEIGHTS, perplexity, imatrix, use };
};
const stated = (bits: number, imatrix: Imatrix, use: string): TypeNote => ({ bits, perplexity: null, imatrix, use });

/** Sizes, bits and perplexities: QUANT_OPTIONS in tools/quantize/quantize.cpp of llama.cpp v0.5.0. */
export const TYPE_NOTES: Readonly<Record<Exclude<FileType, 'COPY'>, TypeNote>> = {
  F32: stated(32, 'no', 'exact; twice the size of most sources'),
  F16: stated(16, 'no', 'half precision; a source for other types'),
  BF16: stated(16, 'no', 'half precision, as most models are published'),
  Q8_0: sized(7.96, 0.0026, 'no', 'as good as the source, half its size'),
  Q6_K: sized(6.14, 0.0217, 'helps', 'hardly a loss'),
  Q5_K_M: sized(5.33, 0.0569, 'helps', 'a small loss'),
  Q5_K_S: sized(5.21, 0.1049, 'helps', 'a small loss'),
  Q5_1: sized(5.65, 0.1062, 'helps', 'older; rows that are no multiple of 256'),
  Q5_0: sized(5.21, 0.1316, 'helps', 'older; rows that are no multiple of 256'),
  Q4_K_M: sized(4.58, 0.1754, 'helps', 'the usual choice'),
  Q4_K_S: sized(4.37, 0.2689, 'helps', 'a little smaller'),
  Q4_1: sized(4.78, 0.4511, 'helps', 'older; rows that are no multiple of 256'),
  Q4_0: sized(4.34, 0.4685, 'helps', 'older; fast on phones'),
  IQ4_NL: stated(4.5, 'helps', 'as Q4_K_S, for rows of any multiple of 32'),
  IQ4_XS: stated(4.25, 'helps', 'better than Q4_0 and smaller'),
  MXFP4_MOE: stated(4.25, 'no', 'experts only, as gpt-oss has them'),
  Q3_K_L: sized(4.03, 0.5562, 'helps', 'a clear loss'),
  Q3_K_M: sized(3.74, 0.6569, 'helps', 'a clear loss'),
  IQ3_M: stated(3.66, 'advised', 'better than Q3_K_M at its size'),
  IQ3_S: stated(3.44, 'advised', 'better than Q3_K_S at its size'),
  Q3_K_S: sized(3.41, 1.6321, 'helps', 'a large loss'),
  IQ3_XS: stated(3.3, 'needed', 'where memory is short'),
  IQ3_XXS: stated(3.06, 'needed', 'where memory is short'),
  Q2_K: sized(2.96, 3.5199, 'advised', 'large models only'),
  Q2_K_S: sized(2.96, 3.1836, 'needed', 'large models only'),
  IQ2_M: stated(2.7, 'needed', 'large models only'),
  IQ2_S: stated(2.5, 'needed', 'large models only'),
  IQ2_XS: stated(2.31, 'needed', 'large models only'),
  Q2_0: stated(2.25, 'no', 'models trained for it'),
  IQ2_XXS: stated(2.06, 'needed', 'large models only'),
  TQ2_0: stated(2.06, 'no', 'models trained with three values'),
  IQ1_M: stated(1.75, 'needed', 'a last resort'),
  TQ1_0: stated(1.69, 'no', 'models trained with three values'),
  IQ1_S: stated(1.56, 'needed', 'a last resort'),
  Q1_0: stated(1.125, 'no', 'models trained for it'),
};
