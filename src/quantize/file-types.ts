import type { GgmlType } from '../gguf/types.js';

/**
 * What `--quant` and `--outtype` can ask for: the number in `general.file_type`, and the type that a tensor gets where no
 * rule says otherwise. Numbers: `llama_ftype` in llama.h of llama.cpp v0.5.0.
 */
export const FILE_TYPES = {
  F32: { id: 0, type: 'F32' },
  F16: { id: 1, type: 'F16' },
  BF16: { id: 32, type: 'BF16' },
  Q4_0: { id: 2, type: 'Q4_0' },
  Q8_0: { id: 7, type: 'Q8_0' },
  Q4_K_S: { id: 14, type: 'Q4_K' },
  Q4_K_M: { id: 15, type: 'Q4_K' },
  Q5_K_S: { id: 16, type: 'Q5_K' },
  Q5_K_M: { id: 17, type: 'Q5_K' },
  Q6_K: { id: 18, type: 'Q6_K' },
} as const satisfies Record<string, { id: number; type: GgmlType }>;

export type FileType = keyof typeof FILE_TYPES;

const ALIASES: Readonly<Record<string, FileType>> = { Q4_K: 'Q4_K_M', Q5_K: 'Q5_K_M' };

/** Case does not matter, as in llama-quantize; undefined for an unknown name. */
export function parseFileType(name: string): FileType | undefined {
  const upper = name.toUpperCase();
  return Object.hasOwn(FILE_TYPES, upper) ? (upper as FileType) : ALIASES[upper];
}

/** What the converter alone can write: `--outtype`. */
export const OUT_TYPES = ['F32', 'F16', 'BF16', 'Q8_0'] as const satisfies readonly FileType[];
export type OutType = (typeof OUT_TYPES)[number];
