import type { KeyValues } from '../gguf/key-values.js';
import { TOKEN_TYPE } from '../gguf/token-type.js';
import { InvalidTokenIdError, malformedFile } from '../hf-tokenizer/errors.js';
import { objectAt, objectsAt, stringAt, type TokenizerFiles } from '../hf-tokenizer/tokenizer-files.js';
import { isObject } from '../json.js';
import { type FieldSource, integer, object } from '../language/fields.js';
import { readJinja, writeChatTemplate } from './chat-template.js';
import type { TokenizerContext } from './context.js';
import { writeSpecialVocab } from './special-vocab.js';
import { writeTokenTypeCount } from './token-type-count.js';
import { vocabularySize } from './vocabulary-size.js';

/** Writes keys of a family, beside those of the tokenizer's kind. */
type TokenizerStep = (context: TokenizerContext, files: TokenizerFiles) => void | Promise<void>;

const CODE_LLAMA_SIZE = 32016;
const CODE_LLAMA_EOT = 32010;
const CODE_GEMMA_EOT = 107;
const GRANITE_SIZE = 49152;
/** Roles of infill tokens. gguf-py/gguf/gguf_writer.py has a method for EOT alone, so the others are not written. */
const INFILL = ['prefix', 'suffix', 'middle', 'eot'];

const CHATML =
  "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** The end that tokenizer_config.json names, or the one of Kimi's tokenizer class. A tokenizer.json has it already. */
function writeTokenizerEos({ kv }: TokenizerContext, { tokenizer, tokenizerConfig }: TokenizerFiles): void {
  const tokens = kv.get('tokenizer.ggml.tokens');
  const text = stringAt(tokenizerConfig ?? {}, 'eos_token') ?? '[EOS]';
  const id = !tokenizer && tokens?.type === 'array' ? Array.from(tokens.value).indexOf(text) : -1;
  if (id >= 0) {
    kv.u32('tokenizer.ggml.eos_token_id', id);
  }
}

/**
 * All steps, by the name that an architecture's plan uses. ref-quirk: `LlamaModel.set_vocab` in conversion/llama.py, and
 * the methods of that name in conversion/bert.py.
 */
export const STEPS = {
  /** ref-quirk: `DeepseekV32Model.set_vocab` in conversion/deepseek.py. Llama's class adds a BOS unless it is told not to. */
  'needs-add-bos': (_, { tokenizerConfig: config }) => {
    const isLlama = typeof config?.tokenizer_class === 'string' && config.tokenizer_class.startsWith('Llama');
    if (!(config?.add_bos_token ?? isLlama)) {
      throw malformedFile('tokenizer_config.json', 'does not add a BOS token', 'Set add_bos_token to true.');
    }
  },

  /** ref-quirk: `InternLM3Model.set_vocab` in conversion/internlm.py. */
  'im-end-is-eos': ({ kv }, { tokenizerConfig }) => {
    const declared = Object.entries(objectAt(tokenizerConfig, 'added_tokens_decoder'));
    const end = declared.findLast(
      ([, token]) => stringAt(token, 'content') === '<|im_end|>' && Boolean(isObject(token) && token.special),
    );
    if (end && kv.has('tokenizer.ggml.eos_token_id')) {
      kv.u32('tokenizer.ggml.eos_token_id', Number(end[0]));
    }
  },

  'add-space-prefix': ({ kv }, { tokenizerConfig }) => {
    const prefix = tokenizerConfig?.add_prefix_space;
    if (prefix !== undefined && prefix !== null) {
      kv.bool('tokenizer.ggml.add_space_prefix', Boolean(prefix));
    }
  },

  /**
   * CodeLlama is recognised by its `vocab_size`.
   */
  'code-llama-infill': async (context, files) => {
    if (vocabularySize(context.config) === CODE_LLAMA_SIZE) {
      await writeSpecialVocab(context, files, {
        types: INFILL,
        ids: { eot: CODE_LLAMA_EOT },
      });
    }
  },

  /** The template of chat_template.jinja, or else of tokenizer_config.json, whatever the kind has written. */
  'chat-template': async ({ files, kv }, { tokenizerConfig }) => {
    const template = (await readJinja(files, 'chat_template.jinja')) ?? tokenizerConfig?.chat_template;
    if (typeof template === 'string' || Array.isArray(template)) {
      writeChatTemplate(kv, template);
    }
  },

  'no-space-prefix': ({ kv }) => {
    kv.bool('tokenizer.ggml.add_space_prefix', false);
  },

  /** Jamba without a SentencePiece model. ref-quirk: `set_vocab` in conversion/jamba.py. */
  'no-space-prefix-without-model': async ({ files, kv }) => {
    if (!(await files.has('tokenizer.model'))) {
      kv.bool('tokenizer.ggml.add_space_prefix', false);
    }
  },

  /** The small Granite models are recognised by their `vocab_size`. */
  'granite-no-bos': ({ config, kv }) => {
    if (vocabularySize(config) === GRANITE_SIZE) {
      kv.bool('tokenizer.ggml.add_bos_token', false);
    }
  },

  /** `<|eot|>` ends a turn. ref-quirk: `MuseGlimmerModel.set_vocab` in conversion/muse_glimmer.py. */
  eot: ({ kv }, { tokenizer }) => {
    const id = objectsAt(tokenizer, 'added_tokens').find(({ content }) => content === '<|eot|>')?.id;
    if (typeof id === 'number') {
      kv.u32('tokenizer.ggml.eot_token_id', id);
    }
  },

  /**
   * Corrects what ends a text and a turn, by config.json and generation_config.json. ref-quirk: `HunYuanModel.set_vocab`
   * in conversion/hunyuan.py.
   */
  'hunyuan-ends': async ({ config, files, kv }) => {
    const end = integer.optional(config, 'eod_token_id');
    if (end !== undefined) {
      kv.u32('tokenizer.ggml.eos_token_id', end);
    }
    const ends = (await files.json('generation_config.json'))?.eos_token_id;
    if (Array.isArray(ends) && ends.length > 1) {
      kv.u32(
        'tokenizer.ggml.eot_token_id',
        integer({ hparams: { 'eos_token_id[0]': ends[0] ?? null } }, 'eos_token_id[0]'),
      );
    }
  },

  /** HunYuan's configurations name a wrong BOS where the tokenizer is no tokenizer.json. */
  'hunyuan-bos': ({ config: { hparams, architecture }, kv }, { tokenizer }) => {
    if (!tokenizer && architecture === 'HunYuanMoEV1ForCausalLM') {
      kv.u32('tokenizer.ggml.bos_token_id', 127_959);
    } else if (!tokenizer && hparams.hidden_size === 4096) {
      kv.u32('tokenizer.ggml.bos_token_id', 127_958);
    }
  },

  /** The end that the tokenizer names wins over config.json's. ref-quirk: `set_vocab` in conversion/kimi_linear.py. */
  'tokenizer-eos': writeTokenizerEos,

  /** Kimi K3, whose config.json names the end of a turn. */
  'default-eos': (context, files) => {
    if (!context.kv.has('tokenizer.ggml.eos_token_id')) {
      writeTokenizerEos(context, files);
    }
  },

  'add-bos': ({ kv }) => {
    kv.bool('tokenizer.ggml.add_bos_token', true);
  },

  /** ChatML, whatever template the repository has. */
  'chatml-template': ({ kv }) => {
    kv.string('tokenizer.chat_template', CHATML);
  },

  /** Texts begin and end with `<|im_end|>`, by tokenizer_config.json. ref-quirk: conversion/qwen3vl.py. */
  'im-end-ids': ({ kv }, { tokenizerConfig }) => {
    const added = Object.entries(objectAt(tokenizerConfig ?? {}, 'added_tokens_decoder'));
    const id = added.find(([, token]) => stringAt(token, 'content') === '<|im_end|>')?.[0];
    if (id !== undefined) {
      kv.u32('tokenizer.ggml.bos_token_id', tokenId(id));
      kv.u32('tokenizer.ggml.eos_token_id', tokenId(id));
    }
  },

  'refact-infill': (context, files) => writeSpecialVocab(context, files, { types: INFILL }),

  /** ref-quirk: `GemmaModel.set_vocab` in conversion/gemma.py gives every Gemma 1 the EOT of CodeGemma. */
  'code-gemma-infill': (context, files) =>
    writeSpecialVocab(context, files, { types: [...INFILL, 'fsep'], ids: { eot: CODE_GEMMA_EOT } }),

  'no-sentencepiece-space-prefix': ({ kv }) => {
    if (kv.get('tokenizer.ggml.model')?.value === 'llama') {
      kv.bool('tokenizer.ggml.add_space_prefix', false);
    }
  },

  /** ref-quirk: `set_vocab` in conversion/nemotron.py. */
  'nemotron-ids': ({ kv }) => {
    kv.u32('tokenizer.ggml.padding_token_id', 0);
    kv.u32('tokenizer.ggml.unknown_token_id', 1);
  },

  /** The template of chat_template.jinja, whatever tokenizer_config.json says. */
  'template-file': async ({ files, kv }) => {
    const template = await readJinja(files, 'chat_template.jinja');
    if (template !== null) {
      kv.string('tokenizer.chat_template', template);
    }
  },

  /**
   * `</assistant>` is for control, and the second id of `eos_token_id` in config.json ends a turn. ref-quirk:
   * conversion/laguna.py.
   */
  'laguna-end-of-turn': ({ config: { hparams }, kv }) => {
    const [tokens, types] = [kv.get('tokenizer.ggml.tokens')?.value, kv.get('tokenizer.ggml.token_type')?.value];
    if (Array.isArray(tokens) && types instanceof Int32Array) {
      const type = (id: number) => (tokens[id] === '</assistant>' ? TOKEN_TYPE.control : (types[id] ?? 0));
      kv.array(
        'tokenizer.ggml.token_type',
        'i32',
        types.map((_, id) => type(id)),
      );
    }
    const ids = Array.isArray(hparams.eos_token_id) ? hparams.eos_token_id : [];
    const end = ids.find((id) => id !== hparams.bos_token_id);
    if (typeof end === 'number' && Number.isInteger(end) && end >= 0) {
      kv.u32('tokenizer.ggml.eot_token_id', end);
    }
  },

  /** SEA-LION: an MPT with a SentencePiece model. ref-quirk: `set_vocab` in conversion/mpt.py. */
  'sea-lion': ({ kv }) => {
    if (kv.get('tokenizer.ggml.model')?.value === 'llama') {
      kv.bool('tokenizer.ggml.add_bos_token', false);
      kv.u32('tokenizer.ggml.padding_token_id', 3);
      kv.u32('tokenizer.ggml.eos_token_id', 1);
      kv.u32('tokenizer.ggml.unknown_token_id', 0);
    }
  },

  'no-bos': ({ kv }) => {
    kv.bool('tokenizer.ggml.add_bos_token', false);
  },

  'bos-eos-sep': ({ kv }) => {
    for (const type of ['bos', 'eos', 'sep']) {
      kv.bool(`tokenizer.ggml.add_${type}_token`, true);
    }
  },

  /** For byte-level BPE; the kinds of BERT's tokenizers write the count themselves. */
  'token-type-count': (context) => {
    writeTokenTypeCount(context, 1);
  },

  /** The BPE of Jina's BERT has two types of tokens, whatever config.json says. */
  'two-token-types': ({ kv }) => {
    if (!kv.has('tokenizer.ggml.token_type_count')) {
      kv.u32('tokenizer.ggml.token_type_count', 2);
    }
  },

  /** ref-quirk: `DFlashModel.set_vocab` in conversion/qwen.py. */
  'dflash-mask-token': ({ config, kv }) => {
    writeMaskToken(kv, { hparams: object.optional(config, 'dflash_config') ?? {}, path: 'dflash_config' });
  },

  /** A DSpark may have its fields in the root. */
  'dspark-mask-token': ({ config, kv }) => {
    const own = object.optional(config, 'dflash_config');
    writeMaskToken(kv, own?.mask_token_id !== undefined ? { hparams: own, path: 'dflash_config' } : config);
  },
  /** ref-quirk: `DeepseekV4DSparkModel.set_vocab` in conversion/deepseek.py. */
  'dspark-noise-token': ({ config, kv }) => {
    kv.u32('tokenizer.ggml.mask_token_id', integer(config, 'dspark_noise_token_id'));
  },
} as const satisfies Readonly<Record<string, TokenizerStep>>;

function writeMaskToken(kv: KeyValues, source: FieldSource): void {
  const id = integer.optional(source, 'mask_token_id');
  if (id !== undefined) {
    kv.u32('tokenizer.ggml.mask_token_id', id);
  }
}

export type StepName = keyof typeof STEPS;

/** An id that is the key of an object. @throws InvalidTokenIdError */
function tokenId(key: string): number {
  if (!/^\d{1,9}$/.test(key)) {
    throw new InvalidTokenIdError('tokenizer_config.json', 'added_tokens_decoder', key);
  }
  return Number(key);
}
