import { malformedFile } from '../../hf-tokenizer/errors.js';
import { initArguments } from '../../hf-tokenizer/init-arguments.js';
import { roleText } from '../../hf-tokenizer/special-tokens.js';
import { tokenizerClass } from '../../hf-tokenizer/tokenizer-classes.js';
import type { TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import type { JsonObject } from '../../json.js';
import { MAX_VOCABULARY } from '../../limits.js';
import { modelTypeOf, type TokenizerContext } from '../context.js';

export const VOCAB_TXT = 'vocab.txt';

/** The class that BERT's files are for where they name none. */
const BERT = 'BertTokenizer';

/**
 * The tokenizer.json that transformers makes of vocab.txt, which has a token in each line. ref-quirk: transformers
 * 4.57.6, `load_vocab` in tokenization_bert.py and `BertConverter` in convert_slow_tokenizer.py.
 * @throws MalformedTokenizerError
 */
export async function fromVocabTxt(context: TokenizerContext, files: TokenizerFiles): Promise<JsonObject> {
  const vocab = readVocabulary((await context.files.text(VOCAB_TXT)) ?? '');
  const init = initArguments(files, modelTypeOf(context));
  const named = tokenizerClass(init.tokenizer_class);
  const kind = named.bert ? named : tokenizerClass(BERT);
  const [cls = '[CLS]', sep = '[SEP]', unknown = '[UNK]'] = (['cls', 'sep', 'unk'] as const).map((role) =>
    roleText(role, init, kind),
  );
  // A token that vocab.txt lacks gets its id only when the class adds it; the probe and the fingerprint need none.
  const around = [cls, sep].filter((token) => token in vocab);
  const parts = (token: string) => (around.includes(token) ? [{ SpecialToken: { id: token, type_id: 0 } }] : []);
  return {
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: init.tokenize_chinese_chars ?? true,
      strip_accents: init.strip_accents ?? null,
      lowercase: init.do_lower_case ?? true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [...parts(cls), { Sequence: { id: 'A', type_id: 0 } }, ...parts(sep)],
      special_tokens: Object.fromEntries(around.map((token) => [token, { id: token, ids: [vocab[token] ?? 0] }])),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: unknown,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}

/** Numbers the lines. Of two equal lines the last one counts. */
function readVocabulary(text: string): Record<string, number> {
  const lines = text.split(/\r\n?|\n/);
  if (lines.at(-1) === '') {
    lines.pop();
  }
  if (lines.length > MAX_VOCABULARY) {
    throw malformedFile(VOCAB_TXT, `has ${lines.length} lines, more than ${MAX_VOCABULARY}`);
  }
  const ids: Record<string, number> = Object.create(null);
  lines.forEach((token, id) => {
    ids[token] = id;
  });
  return ids;
}
