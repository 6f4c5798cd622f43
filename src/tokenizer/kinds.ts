import { bpe } from './kinds/bpe.js';
import { chatglm3 } from './kinds/chatglm3.js';
import { gemma4 } from './kinds/gemma4.js';
import type { TokenizerKind } from './kinds/kind.js';
import { llamaHf } from './kinds/llama-hf.js';
import { elsewhere, none } from './kinds/none.js';
import { hybridDna } from './kinds/not-yet.js';
import { plamo } from './kinds/plamo.js';
import { arctic, internlm2, phi3 } from './kinds/redefined.js';
import { rwkv } from './kinds/rwkv.js';
import { sentencePiece } from './kinds/sentencepiece.js';
import { t5 } from './kinds/t5.js';
import { mistral, tekken } from './kinds/tekken.js';
import { glm4Tiktoken, hunyuanTiktoken, kimiTiktoken, qwenTiktoken } from './kinds/tiktoken.js';
import { whitespace } from './kinds/whitespace.js';
import { wordPiece } from './kinds/word-piece.js';
import { xlmRoberta, xlmRobertaMask } from './kinds/xlm-roberta.js';
import { xverse } from './kinds/xverse.js';

/** All kinds of tokenizers, by the name that the `tokenizer` plan of an architecture uses. */
export const KINDS = {
  arctic,
  bpe,
  gemma4,
  chatglm3,
  elsewhere,
  internlm2,
  'hybrid-dna': hybridDna,
  'glm4-tiktoken': glm4Tiktoken,
  'hunyuan-tiktoken': hunyuanTiktoken,
  'kimi-tiktoken': kimiTiktoken,
  'llama-hf': llamaHf,
  'qwen-tiktoken': qwenTiktoken,
  mistral,
  none,
  phi3,
  plamo,
  rwkv,
  sentencepiece: sentencePiece,
  t5,
  tekken,
  whitespace,
  'word-piece': wordPiece,
  'xlm-roberta': xlmRoberta,
  'xlm-roberta-mask': xlmRobertaMask,
  xverse,
} as const satisfies Readonly<Record<string, TokenizerKind>>;

export type KindName = keyof typeof KINDS;
