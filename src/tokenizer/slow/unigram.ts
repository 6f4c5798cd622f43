import { TOKEN_TYPE } from '../../gguf/token-type.js';
import type { TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import type { JsonObject } from '../../json.js';
import { MAX_ADDED_TOKENS } from '../../limits.js';
import type { SentencePieceModel } from '../model-proto.js';

/**
 * The tokenizer.json that transformers makes of SentencePiece's unigram models. ref-quirk: transformers 4.57.6,
 * `SpmConverter` and its heirs in convert_slow_tokenizer.py.
 */

type Entry = readonly [token: string, score: number];

/** T5's tokenizer: sentinels follow the pieces, and `</s>` every text. */
export function t5Tokenizer(model: SentencePieceModel, { tokenizerConfig }: TokenizerFiles): JsonObject {
  const given = tokenizerConfig?.extra_ids;
  const count = typeof given === 'number' && given >= 0 && given <= MAX_ADDED_TOKENS ? Math.trunc(given) : 100;
  const sentinels = Array.from({ length: count }, (_, i): Entry => [`<extra_id_${count - 1 - i}>`, 0]);
  const scheme = tokenizerConfig?.legacy === false ? 'first' : 'always';
  return unigram({
    model,
    entries: [...entriesOf(model), ...sentinels],
    special: new Set(sentinels.map(([token]) => token)),
    unknownId: model.unknownId,
    scheme: tokenizerConfig?.add_prefix_space === false ? 'never' : scheme,
    around: [[], ['</s>']],
  });
}

/** XLM-RoBERTa's tokenizer: four tokens stand in place of the first three pieces, and `<mask>` at the end. */
export function xlmRobertaTokenizer(model: SentencePieceModel): JsonObject {
  const first = ['<s>', '<pad>', '</s>', '<unk>'].map((token): Entry => [token, 0]);
  return unigram({
    model,
    entries: [...first, ...entriesOf(model).slice(3), ['<mask>', 0]],
    special: new Set(),
    unknownId: 3,
    scheme: 'always',
    around: [['<s>'], ['</s>']],
  });
}

function entriesOf({ pieces, scores }: SentencePieceModel): readonly Entry[] {
  return pieces.map((piece, id): Entry => [piece, scores[id] ?? 0]);
}

interface UnigramParts {
  readonly model: SentencePieceModel;
  readonly entries: readonly Entry[];
  /** Entries that are special, beside the model's control pieces. */
  readonly special: ReadonlySet<string>;
  readonly unknownId: number;
  /** When a space is put before a text. */
  readonly scheme: 'always' | 'first' | 'never';
  /** Tokens before and behind every text. */
  readonly around: readonly [readonly string[], readonly string[]];
}

function unigram({ model, entries, special, unknownId, scheme, around }: UnigramParts): JsonObject {
  const { charsMap } = model.normalizer;
  const precompiled = { type: 'Precompiled', precompiled_charsmap: Buffer.from(charsMap).toString('base64') };
  const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: scheme, split: true };
  const controls = new Set(model.pieces.filter((_, id) => model.types[id] === TOKEN_TYPE.control));
  const userDefined = new Set(model.pieces.filter((_, id) => model.types[id] === TOKEN_TYPE.userDefined));
  const isSpecial = (token: string) => controls.has(token) || special.has(token);
  const added = entries.flatMap(([content], id) =>
    isSpecial(content) || userDefined.has(content)
      ? [{ id, content, special: isSpecial(content), normalized: false }]
      : [],
  );
  const part = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const ids = around.flat().map((token) => [token, { ids: [entries.findIndex(([text]) => text === token)] }]);
  return {
    added_tokens: added,
    normalizer: {
      type: 'Sequence',
      normalizers: [
        ...(charsMap.length > 0 ? [precompiled] : []),
        { type: 'Strip', strip_left: false, strip_right: true },
        { type: 'Replace', pattern: { Regex: ' {2,}' }, content: '▁' },
      ],
    },
    pre_tokenizer: metaspace,
    post_processor: {
      type: 'TemplateProcessing',
      single: [...around[0].map(part), { Sequence: { id: 'A', type_id: 0 } }, ...around[1].map(part)],
      special_tokens: Object.fromEntries(ids),
    },
    decoder: metaspace,
    model: { type: 'Unigram', unk_id: unknownId, vocab: entries, byte_fallback: false },
  };
}
