import type { AutoTokenizer } from '../../hf-tokenizer/auto-tokenizer.js';
import { malformedFile } from '../../hf-tokenizer/errors.js';
import { objectAt, stringAt, type TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import type { JsonObject } from '../../json.js';
import { baseVocabulary } from '../base-vocabulary.js';
import type { TokenizerContext } from '../context.js';
import { hasVocabAndMerges, tokenizerOfVocabAndMerges } from '../slow/vocab-merges.js';
import { writeSpecialVocab } from '../special-vocab.js';
import type { TokenizerKind } from './kind.js';

/**
 * Byte-level BPE, from tokenizer.json, or from vocab.json and merges.txt (`tokenizer.ggml.model` = `gpt2`). ref-quirk:
 * `_set_vocab_gpt2` in conversion/base.py. `write` also throws the errors of `recognizePreTokenizer`.
 */
export const bpe: TokenizerKind = {
  applies: ({ files: repo }, { tokenizer }) => (tokenizer ? isBpe(tokenizer) : hasVocabAndMerges(repo)),
  write,
  convert: converted,
};

function converted({ files: repo }: TokenizerContext, { tokenizerConfig }: TokenizerFiles): Promise<JsonObject> {
  return tokenizerOfVocabAndMerges(repo, stringAt(tokenizerConfig ?? {}, 'tokenizer_class') ?? '');
}

/** Whether tokenizer.json holds a BPE. Older files do not name the model's type. */
export function isBpe(tokenizer: JsonObject | null): boolean {
  const { type, merges } = objectAt(tokenizer, 'model');
  return type === 'BPE' || (type === undefined && merges !== undefined);
}

async function write(context: TokenizerContext, files: TokenizerFiles): Promise<void> {
  const tokenizer = files.tokenizer ?? (await converted(context, files));
  const { tokens, types, pre, auto } = await baseVocabulary(context, { ...files, tokenizer });
  const { kv } = context;
  kv.string('tokenizer.ggml.model', 'gpt2');
  kv.string('tokenizer.ggml.pre', pre);
  kv.array('tokenizer.ggml.tokens', 'string', tokens);
  kv.array('tokenizer.ggml.token_type', 'i32', types);
  await writeSpecialVocab(context, files, {
    merges: true,
    ids: roleIds(context, auto),
    ...(lacksPadding(context) && { types: ['bos', 'eos', 'unk', 'sep', 'cls', 'mask'] }),
  });
}

function lacksPadding({ mayLackPadding, config }: TokenizerContext): boolean {
  return mayLackPadding === true && Number(config.hparams.pad_token_id ?? 0) < 0;
}

/** The ids of the tokens that the family gives roles to. @throws MalformedTokenizerError where one is no added token */
function roleIds({ roles = {} }: TokenizerContext, { tokens }: AutoTokenizer): Record<string, number> {
  const ids = new Map([...tokens.added].map(([id, { content }]) => [content, id]));
  return Object.fromEntries(
    Object.entries(roles).map(([role, text]) => {
      const id = typeof text === 'number' ? text : ids.get(text);
      if (id === undefined) {
        throw malformedFile('tokenizer.json', `has no added token ${text}, the family's ${role}`);
      }
      return [role, id];
    }),
  );
}
