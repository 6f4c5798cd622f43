import type { KeyValues } from '../gguf/key-values.js';
import { BpeEncoder } from './bpe.js';
import { CharsMap } from './chars-map.js';
import { MalformedVocabularyError, UnsupportedVocabularyError } from './errors.js';
import { Fields } from './fields.js';
import { encodeDna, withoutMarkers } from './hybrid-dna.js';
import { Partition } from './partition.js';
import { pieceOf, type Spelling } from './pieces.js';
import { Plamo2Encoder } from './plamo2.js';
import { DEFAULT_PRE, PRE_TOKENIZERS, type PreTokenizerSettings } from './pre-tokenizers.js';
import { RwkvEncoder } from './rwkv.js';
import { findSpecials, type SpecialDefaults, setStrips } from './special.js';
import { SpmEncoder } from './spm.js';
import { readTokens, type Tokens } from './tokens.js';
import { lowerCase } from './unicode.js';
import { UnigramEncoder } from './unigram.js';
import type { Vocabulary } from './vocabulary.js';
import { WordPieceEncoder } from './word-piece.js';

const LOWERCASE = 'tokenizer.ggml.normalizer.lowercase';

/** What differs between the kinds of tokenizers. */
interface Kind {
  readonly tokens: Tokens;
  readonly defaults: SpecialDefaults;
  readonly addBos: boolean;
  /** Whether the EOS is added if the file says nothing. */
  readonly addEos?: true;
  /** Whether the BOS and the separator are around every text, whatever the file says of BOS and EOS. */
  readonly separates?: true;
  /** Whether the BOS is added even if the file says no. */
  readonly forcesBos: boolean;
  /** Whether nothing is put around a text, whatever the file says. */
  readonly bare?: true;
  readonly spelling: Spelling;
  readonly lstrip: string | undefined;
  /**
   * Encodes the text between two special tokens and appends its ids.
   * @param context.first whether the text stands at the start or after a special token.
   */
  encode(text: string, output: number[], context: { readonly first: boolean; readonly unknown: number | null }): void;
}

/** `tokenizer.ggml.model` → how it is read. */
const KINDS: Readonly<Record<string, (fields: Fields) => Kind>> = {
  llama: sentencePiece,
  gpt2: (fields) => bytePairs(fields, preTokenizer(fields.string('tokenizer.ggml.pre') || DEFAULT_PRE), 11),
  gemma4: (fields) => bytePairs(fields, preTokenizer('gemma4'), null),
  bert: wordPiece,
  rwkv: rwkvWorld,
  t5: unigram,
  whitespace,
  plamo2,
  hybriddna: hybridDna,
};

/**
 * Reads the vocabulary of a GGUF file, as llama_vocab::impl::load does (src/llama-vocab.cpp of llama.cpp v0.5.0).
 * @throws UnsupportedVocabularyError where the kind is not implemented here; MalformedVocabularyError
 */
export function openVocabulary(kv: KeyValues): Vocabulary {
  const fields = new Fields(kv);
  const kind = kindOf(fields)(fields);
  const { tokens, spelling } = kind;
  const { bos, eos, unknown, separator, endOfGeneration } = findSpecials(fields, tokens, kind.defaults);
  setStrips(tokens, { name: fields.string('general.name') ?? '', lstrip: kind.lstrip });
  const partition = new Partition(tokens);
  const addBos = kind.forcesBos || (fields.bool('tokenizer.ggml.add_bos_token') ?? kind.addBos);
  const addEos = fields.bool('tokenizer.ggml.add_eos_token') ?? kind.addEos ?? false;
  const before = !kind.bare && (addBos || kind.separates) ? bos : null;
  const after = kind.bare ? null : kind.separates ? separator : addEos ? eos : null;
  return {
    size: tokens.texts.length,
    ...{ bos, eos, endOfGeneration, addBos, addEos },
    encode(text, { special, edges }) {
      const output: number[] = edges && before !== null ? [before] : [];
      let first = true;
      for (const part of partition.parts(wellFormed(text), special)) {
        if (typeof part === 'number') {
          output.push(part);
        } else {
          kind.encode(part, output, { first, unknown });
        }
        first = typeof part === 'number';
      }
      if (edges && after !== null) {
        output.push(after);
      }
      return Int32Array.from(output);
    },
    piece: (token, { special }) => pieceOf(tokens, token, special, spelling),
  };
}

function kindOf(fields: Fields): (fields: Fields) => Kind {
  const model = fields.string('tokenizer.ggml.model');
  if (model === undefined) {
    throw new MalformedVocabularyError('tokenizer.ggml.model is missing');
  }
  const kind = Object.hasOwn(KINDS, model) ? KINDS[model] : undefined;
  if (!kind) {
    throw new UnsupportedVocabularyError(
      `The vocabulary is of the kind ${JSON.stringify(model)}, which text cannot be encoded for yet.`,
      `Supported are ${Object.keys(KINDS).join(', ')}.`,
    );
  }
  return kind;
}

function preTokenizer(name: string): PreTokenizerSettings {
  const found = PRE_TOKENIZERS.find(({ names }) => names.includes(name));
  if (!found) {
    throw new UnsupportedVocabularyError(
      `tokenizer.ggml.pre is ${JSON.stringify(name)}, which llama.cpp v0.5.0 does not know.`,
      `It knows ${PRE_TOKENIZERS.flatMap(({ names }) => names).join(', ')}.`,
    );
  }
  return found;
}

function bytePairs(fields: Fields, pre: PreTokenizerSettings, id: number | null): Kind {
  const merges = fields.strings('tokenizer.ggml.merges');
  if (merges === undefined && !pre.names.includes('kimi-k2')) {
    throw new MalformedVocabularyError('tokenizer.ggml.merges is missing');
  }
  const tokens = readTokens(fields);
  const encoder = new BpeEncoder(tokens, pre, merges ?? []);
  return {
    tokens,
    defaults: { bos: pre.noBos ? null : id, eos: id },
    addBos: pre.addBos ?? false,
    forcesBos: pre.gemma ?? false,
    spelling: pre.escapesSpaces ? 'spaces' : 'bytes',
    lstrip: pre.lstrip,
    encode: (text, output) => encoder.encode(text, output),
  };
}

/** BPE of the words between white space. */
function whitespace(fields: Fields): Kind {
  const pre = fields.string('tokenizer.ggml.pre') || DEFAULT_PRE;
  const kind = bytePairs(fields, preTokenizer(pre), 11);
  const lowercase = fields.bool(LOWERCASE) ?? pre !== 'whitespace';
  return {
    ...kind,
    encode(text, output, context) {
      for (const word of text.split(/\p{White_Space}+/u).filter((part) => part !== '')) {
        kind.encode(lowercase ? Array.from(word, lowerCase).join('') : word, output, context);
      }
    },
  };
}

/** BPE of text, and runs of six bases of what stands between `<dna>` and `</dna>`. */
function hybridDna(fields: Fields): Kind {
  const pre = fields.string('tokenizer.ggml.pre') || DEFAULT_PRE;
  const kind = bytePairs(fields, preTokenizer(pre), 11);
  const { ids } = kind.tokens;
  return {
    ...kind,
    tokens: { ...kind.tokens, texts: withoutMarkers(kind.tokens) },
    encode: (text, output, context) => encodeDna(text, ids, output, (plain) => kind.encode(plain, output, context)),
  };
}

function plamo2(fields: Fields): Kind {
  const tokens = readTokens(fields);
  const encoder = new Plamo2Encoder(tokens);
  return {
    tokens,
    defaults: { bos: 1, eos: 2, unknown: 0 },
    bare: true,
    addBos: false,
    forcesBos: false,
    spelling: 'plain',
    lstrip: undefined,
    encode: (text, output) => encoder.encode(text, output),
  };
}

function wordPiece(fields: Fields): Kind {
  const tokens = readTokens(fields);
  const lowercase = fields.bool(LOWERCASE) ?? true;
  const stripAccents = fields.bool('tokenizer.ggml.normalizer.strip_accents') ?? lowercase;
  const encoder = new WordPieceEncoder(tokens, { lowercase, stripAccents });
  return {
    tokens,
    defaults: { bos: 101, eos: null, unknown: 100, separator: 102 },
    addBos: true,
    forcesBos: false,
    separates: true,
    spelling: 'spaces',
    lstrip: undefined,
    encode: (text, output, { unknown }) => encoder.encode(text, unknown, output),
  };
}

function unigram(fields: Fields): Kind {
  const tokens = readTokens(fields);
  const charsMap = fields.numbers('tokenizer.ggml.precompiled_charsmap', ['u8', 'i8']);
  const encoder = new UnigramEncoder(tokens, {
    addPrefix: fields.bool('tokenizer.ggml.add_space_prefix') ?? false,
    mergeSpaces: fields.bool('tokenizer.ggml.remove_extra_whitespaces') ?? false,
    charsMap: charsMap === undefined ? null : new CharsMap(charsMap),
  });
  return {
    tokens,
    defaults: { bos: null, eos: 1, unknown: 2 },
    addBos: false,
    addEos: true,
    forcesBos: false,
    spelling: 'spaces',
    lstrip: undefined,
    encode: (text, output, { unknown }) => encoder.encode(text, unknown, output),
  };
}

function rwkvWorld(fields: Fields): Kind {
  const tokens = readTokens(fields);
  const encoder = new RwkvEncoder(tokens);
  return {
    tokens,
    defaults: { bos: null, eos: null },
    bare: true,
    addBos: false,
    forcesBos: false,
    spelling: 'escapes',
    lstrip: undefined,
    encode: (text, output, { unknown }) => encoder.encode(text, output, unknown),
  };
}

function sentencePiece(fields: Fields): Kind {
  const tokens = readTokens(fields);
  const encoder = new SpmEncoder(tokens);
  const prefix = (fields.bool('tokenizer.ggml.add_space_prefix') ?? true) ? ' ' : '';
  return {
    tokens,
    defaults: { bos: 1, eos: 2 },
    addBos: true,
    forcesBos: false,
    spelling: 'spaces',
    lstrip: undefined,
    encode: (text, output, { first }) => encoder.encode((first ? prefix : '') + text, output),
  };
}

/** Replaces lone halves of surrogate pairs by U+FFFD. */
function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd');
}
