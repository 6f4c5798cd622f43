import { bpe } from './kinds/bpe.js';
import type { TokenizerKind } from './kinds/kind.js';
import { llamaHf } from './kinds/llama-hf.js';
import { gemma4, hybridDna, tekken } from './kinds/not-yet.js';
import { sentencePiece } from './kinds/sentencepiece.js';

/** All kinds of tokenizers, by the name that the `tokenizer` plan of an architecture uses. */
export const KINDS = {
  bpe,
  gemma4,
  'hybrid-dna': hybridDna,
  'llama-hf': llamaHf,
  sentencepiece: sentencePiece,
  tekken,
} as const satisfies Readonly<Record<string, TokenizerKind>>;

export type KindName = keyof typeof KINDS;
