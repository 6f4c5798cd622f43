import type { Config } from '../config/config.js';
import type { NamedExpr } from '../tensor/expr.js';
import { ropeFreqs } from './rope-freqs.js';

/** Tensors that come from the configuration alone, by the name that architectures ask for them by. */
export const EXTRA_TENSORS = {
  rope_freqs: ropeFreqs,
} as const satisfies Record<string, (config: Config) => readonly NamedExpr[]>;

export type ExtraName = keyof typeof EXTRA_TENSORS;
