import { UnsupportedError } from '../../errors.js';
import { blockSize, type GgmlType } from '../../gguf/types.js';
import type { Choice } from '../outtype.js';
import type { Decision } from './rules.js';
import type { RecipeTensor } from './tensor.js';

/** What a type becomes where a row is no whole number of blocks (`tensor_type_fallback` in src/llama-quant.cpp). */
const FALLBACK: Partial<Record<GgmlType, GgmlType>> = {
  Q2_0: 'Q4_0',
  Q2_K: 'Q4_0',
  Q3_K: 'Q4_0',
  Q4_K: 'Q5_0',
  Q5_K: 'Q5_1',
  Q6_K: 'Q8_0',
  TQ1_0: 'Q4_0',
  TQ2_0: 'Q4_0',
  IQ1_S: 'IQ4_NL',
  IQ1_M: 'IQ4_NL',
  IQ2_XXS: 'IQ4_NL',
  IQ2_XS: 'IQ4_NL',
  IQ2_S: 'IQ4_NL',
  IQ3_XXS: 'IQ4_NL',
  IQ3_S: 'IQ4_NL',
  IQ4_XS: 'IQ4_NL',
};

/** The rows of a tensor are no whole number of blocks of its type, and no other type takes its place. */
export class RowLengthError extends UnsupportedError {
  constructor(tensor: string, columns: number, type: GgmlType) {
    super(
      `The rows of tensor ${tensor} have ${columns} elements, which is no multiple of ${blockSize(type)}, the block of ${type}.`,
      'Choose another type for the file, or for this tensor alone with --tensor-type, --token-embedding-type or --output-tensor-type.',
    );
  }
}

/**
 * The type itself, or what replaces it: one with smaller blocks, or else F16.
 * @throws {@link RowLengthError} for a type with large blocks that nothing replaces (Q1_0, NVFP4).
 */
export function fallBack({ type, why }: Decision, { name, ne }: RecipeTensor): Choice {
  const columns = ne[0] ?? 1;
  const fits = (candidate: GgmlType) => columns % blockSize(candidate) === 0;
  if (fits(type)) {
    return { type, why };
  }
  const smaller = FALLBACK[type];
  if (!smaller && blockSize(type) > 32) {
    throw new RowLengthError(name, columns, type);
  }
  return {
    type: smaller && fits(smaller) ? smaller : 'F16',
    why: `row length ${columns} is not a multiple of ${blockSize(type)}`,
    instead: type,
  };
}
