import type { KeyValues } from '../gguf/key-values.js';
import type { GgufValue } from '../gguf/types.js';
import { PRE_TOKENIZERS } from '../tokenize/pre-tokenizers.js';
import type { Fault } from './fault.js';
import type { Names } from './names.js';

const MODEL = 'tokenizer.ggml.model';
const PRE = 'tokenizer.ggml.pre';
const TOKENS = 'tokenizer.ggml.tokens';
const MERGES = 'tokenizer.ggml.merges';

const PRE_NAMES: ReadonlySet<unknown> = new Set(PRE_TOKENIZERS.flatMap(({ names }) => names));
/** Values of `tokenizer.ggml.model` for which a pre-tokenizer cuts the text before symbols are merged. */
const CUT_FIRST = ['gpt2', 'hybriddna', 'whitespace'];
/** Values of `tokenizer.ggml.model` for a vocabulary without tokens. */
const NONE = ['none', 'no_vocab'];

/**
 * Finds the faults of a vocabulary, other than wrong types of keys. llama.cpp finds them in llama_vocab::impl::load
 * (src/llama-vocab.cpp).
 */
export function vocabularyFaults(kv: KeyValues, names: Names): Fault[] {
  const model = String(kv.get(MODEL)?.value ?? '');
  const tokens = kv.get(TOKENS);
  if (model === '' || NONE.includes(model)) {
    return [];
  }
  return tokens?.type === 'array'
    ? [...cuttingFaults(model, kv, names), ...listFaults(tokens.value, kv, names)]
    : [fault(`There is no ${names.key(TOKENS)}, which llama.cpp needs.`, names)];
}

function cuttingFaults(model: string, kv: KeyValues, names: Names): Fault[] {
  const pre = kv.get(PRE)?.value ?? '';
  if (!CUT_FIRST.includes(model)) {
    return [];
  }
  const known = pre === '' || PRE_NAMES.has(pre);
  const merged = kv.has(MERGES) || pre === 'kimi-k2';
  return [
    ...(known ? [] : [fault(`${names.key(PRE)} is ${JSON.stringify(pre)}, which llama.cpp does not know.`, names)]),
    ...(merged ? [] : [fault(`There is no ${names.key(MERGES)}, which llama.cpp needs.`, names)]),
  ];
}

function listFaults(tokens: ArrayLike<unknown>, kv: KeyValues, names: Names): Fault[] {
  const faults = ['tokenizer.ggml.scores', 'tokenizer.ggml.token_type'].flatMap((key) => {
    const length = lengthOf(kv.get(key));
    return length === undefined || length >= tokens.length
      ? []
      : [fault(`${names.key(key)} has ${length} entries for ${tokens.length} tokens.`, names)];
  });
  const twice = repeated(tokens);
  if (twice) {
    const text = JSON.stringify(String(tokens[twice[1]]).slice(0, 60));
    faults.push(
      fault(`The tokens ${twice.join(' and ')} are both ${text}: llama.cpp does not load such a list.`, names),
    );
  }
  return faults;
}

function lengthOf(list: GgufValue | undefined): number | undefined {
  return list?.type === 'array' ? list.value.length : undefined;
}

/** The indices of the first two tokens that are equal. */
function repeated(tokens: ArrayLike<unknown>): [number, number] | undefined {
  const seen = new Map<unknown, number>();
  for (let i = 0; i < tokens.length; i++) {
    // ref-quirk: llama_vocab::impl::load (src/llama-vocab.cpp) gives an empty token this name.
    const token = tokens[i] === '' ? `[EMPTY_${i}]` : tokens[i];
    const before = seen.get(token);
    if (before !== undefined) {
      return [before, i];
    }
    seen.set(token, i);
  }
  return undefined;
}

function fault(what: string, { next }: Names): Fault {
  return { certain: true, what, next };
}
