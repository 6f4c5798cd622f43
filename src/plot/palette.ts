import type { GgmlType } from '../gguf/types.js';
import { FILE_TYPES } from '../quantize/file-types.js';

const FLOAT = '#7a828e';

/**
 * The colour of each tensor type, the same in all plots. The hue stands for the bits of a weight, the shade for the
 * family. Each colour is readable on white and on black.
 */
export const TYPE_COLORS = {
  F64: '#656d76',
  F32: '#6e7681',
  F16: '#848d97',
  BF16: FLOAT,
  I64: '#66707a',
  I32: '#6a747e',
  I16: '#717a83',
  I8: '#767f88',
  Q8_0: '#9a62d6',
  Q6_K: '#4a72e0',
  Q5_K: '#1787c0',
  Q5_1: '#2b9c77',
  Q5_0: '#0f98a8',
  Q4_K: '#1a8f3c',
  Q4_1: '#7d9426',
  Q4_0: '#5f9a1f',
  IQ4_NL: '#37825f',
  IQ4_XS: '#4a7d33',
  MXFP4: '#948500',
  NVFP4: '#8a7a2a',
  Q3_K: '#d0660f',
  IQ3_S: '#b3621f',
  IQ3_XXS: '#a05c2c',
  Q2_K: '#d8434e',
  Q2_0: '#e0607a',
  IQ2_S: '#c6403f',
  IQ2_XS: '#b8444c',
  IQ2_XXS: '#a84a56',
  TQ2_0: '#d4577f',
  IQ1_M: '#c9409b',
  IQ1_S: '#b3488f',
  Q1_0: '#d95fb0',
  TQ1_0: '#c069c0',
} as const satisfies Record<GgmlType, string>;

/** The colour of a file by the name of its type. An unknown type has the colour of floats. */
export function fileColor(name: string | null): string {
  const type = Object.entries(FILE_TYPES).find(([known]) => known === name)?.[1].type;
  return type ? TYPE_COLORS[type] : FLOAT;
}
