import { modelTypeOf } from '../context.js';
import { bpe } from './bpe.js';
import type { TokenizerKind } from './kind.js';

/** The model types whose tokenizers transformers makes of no files at all, by the tokens that these have. */
const MADE_OF_NOTHING: readonly (readonly [tokens: readonly string[], modelTypes: string])[] = [
  [
    ['<|endoftext|>'],
    `audioflamingo3 colqwen2 cosmos3_omni dots3_note fun_asr_nano hunyuan_vl internvl lighton_ocr ovis2 qianfan_ocr qwen2
     qwen2_5_omni qwen2_5_vl qwen2_audio qwen2_moe qwen2_vl qwen3 qwen3_asr qwen3_moe qwen3_next qwen3_omni_moe qwen3_vl
     qwen3_vl_moe vibevoice qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen3_5_text codegen dbrx emu3 gpt-sw3 gpt2 gpt_neo gptj
     hyperclovax_vision_v2 jais2 opt phi starcoder2`,
  ],
  [['<|endoftext|>', '<|padding|>'], 'falcon_mamba gpt_neox mamba mamba2 mpt olmo olmoe xlstm'],
  [
    ['<PAD>', '<UNK>', '<CLS>', '<SEP>', '<MASK_TOKEN>', '<BOS_TOKEN>', '<|END_OF_TURN_TOKEN|>'],
    'aya_vision cohere cohere2',
  ],
];

const tokensOf = (modelType: string) =>
  MADE_OF_NOTHING.find(([, modelTypes]) => modelTypes.split(/\s+/).includes(modelType))?.[0];

/**
 * Places without tokens, for a repository that holds no tokenizer, where the user names the pre-tokenizer all the same:
 * llama.cpp runs such a file on ids. ref-quirk: `get_vocab_base` in conversion/base.py with transformers 5.23.0, whose
 * `AutoTokenizer` makes a byte-level BPE without files for some model types. Without the name, the reference fails too.
 */
export const placeholder: TokenizerKind = {
  applies: ({ preTokenizer, config }) => preTokenizer !== undefined && tokensOf(modelTypeOf({ config })) !== undefined,
  async write(context, files) {
    const tokens = tokensOf(modelTypeOf(context)) ?? [];
    const tokenizer = {
      model: { type: 'BPE', vocab: {}, merges: [] },
      added_tokens: tokens.map((content, id) => ({ id, content, special: true, normalized: false })),
    };
    await bpe.write(context, { ...files, tokenizer });
    context.warn(
      `${context.files.repo.id} holds no tokenizer, so the vocabulary is of placeholders and the file cannot encode text.`,
      "Put the tokenizer's files into a folder with the model, and convert that.",
    );
  },
};
