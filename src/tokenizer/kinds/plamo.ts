import { TOKEN_TYPE } from '../../gguf/token-type.js';
import { malformedFile } from '../../hf-tokenizer/errors.js';
import { stringAt, type TokenizerFiles } from '../../hf-tokenizer/tokenizer-files.js';
import { parseJson } from '../../json.js';
import { MAX_VOCABULARY } from '../../limits.js';
import type { TokenizerContext } from '../context.js';
import { vocabularySize } from '../vocabulary-size.js';
import type { TokenizerKind } from './kind.js';

const FILE = 'tokenizer.jsonl';
const PADDING_SCORE = -1000;
/** `<|plamo:op|>`, which begins the next turn. */
const EOT = 4;

/** Roles and their keys, in the order in which they are written. */
const ROLES = [
  ['bos', 'bos'],
  ['eos', 'eos'],
  ['pad', 'padding'],
  ['sep', 'seperator'],
  ['unk', 'unknown'],
] as const;

/** Types as the file names them. All others are normal. */
const TYPES: ReadonlyMap<unknown, number> = new Map([
  ['UNKNOWN', TOKEN_TYPE.unknown],
  ['CONTROL', TOKEN_TYPE.control],
  ['BYTE', TOKEN_TYPE.byte],
]);

/**
 * PLaMo 2's and 3's vocabulary: a line `[token, score, type, ...]` for each token (`tokenizer.ggml.model` = `plamo2`).
 * ref-quirk: `_set_vocab_plamo` in conversion/base.py.
 */
export const plamo: TokenizerKind = { applies: ({ files }) => files.has(FILE), write };

async function write({ files, config, kv }: TokenizerContext, { tokenizerConfig }: TokenizerFiles): Promise<void> {
  const { tokens, scores, types } = readVocabulary((await files.text(FILE)) ?? '');
  const missing = (vocabularySize(config) ?? 0) - tokens.length;
  for (let i = 1; i <= missing; i++) {
    // ref-quirk: these are counted from 1, not by their ids.
    tokens.push(`[PAD${i}]`);
    scores.push(PADDING_SCORE);
    types.push(TOKEN_TYPE.unused);
  }
  kv.string('tokenizer.ggml.model', 'plamo2');
  kv.string('tokenizer.ggml.pre', 'default');
  kv.array('tokenizer.ggml.tokens', 'string', tokens);
  kv.array('tokenizer.ggml.scores', 'f32', Float32Array.from(scores));
  kv.array('tokenizer.ggml.token_type', 'i32', Int32Array.from(types));
  for (const [role, key] of ROLES) {
    const token = stringAt(tokenizerConfig ?? {}, `${role}_token`);
    if (token !== undefined) {
      const id = tokens.indexOf(token);
      if (id < 0) {
        const what = `${role}_token is ${JSON.stringify(token)}, which is no token of ${FILE}`;
        throw malformedFile('tokenizer_config.json', what, 'Name a token that exists.');
      }
      kv.u32(`tokenizer.ggml.${key}_token_id`, id);
    }
  }
  kv.u32('tokenizer.ggml.eot_token_id', EOT);
  kv.bool('tokenizer.ggml.add_space_prefix', false);
}

function readVocabulary(text: string) {
  const vocabulary = { tokens: [] as string[], scores: [] as number[], types: [] as number[] };
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') {
      continue;
    }
    const where = `${FILE}, line ${i + 1}`;
    const entry = parseJson(line, where, MAX_FIELDS);
    const [token, score, type] = Array.isArray(entry) ? entry : [];
    if (typeof token !== 'string' || /\p{Cs}/u.test(token) || typeof score !== 'number') {
      throw malformedFile(where, 'is not [token, score, type]');
    }
    if (vocabulary.tokens.length === MAX_VOCABULARY) {
      throw malformedFile(FILE, `has more than ${MAX_VOCABULARY} tokens`);
    }
    const isControl = token.startsWith('<|plamo:') && token.endsWith('|>');
    vocabulary.tokens.push(token);
    vocabulary.scores.push(score);
    vocabulary.types.push(TYPES.get(type) ?? (isControl ? TOKEN_TYPE.control : TOKEN_TYPE.normal));
  }
  return vocabulary;
}

/** The most fields of a line. Released files have seven. */
const MAX_FIELDS = 64;
