import type { Config } from '../config/config.js';
import { SourceError, UnsupportedError } from '../errors.js';
import type { ConvertEvent } from '../events.js';
import type { KeyValues } from '../gguf/key-values.js';
import { loadEncoder } from '../tokenizer/encoder/encoder.js';
import { CHECK_TIMEOUT, withinTime } from '../tokenizer/encoder/time-limit.js';
import { initArguments } from '../tokenizer/init-arguments.js';
import { CHECK_TEXT } from '../tokenizer/pre/check-text.js';
import type { TokenizerFiles } from '../tokenizer/tokenizer-files.js';
import { MalformedVocabularyError } from '../vocabulary/errors.js';
import { openVocabulary } from '../vocabulary/open.js';
import type { Vocabulary } from '../vocabulary/vocabulary.js';
import { doubt } from '../warnings.js';

/** What the fingerprint's text lacks: more scripts, and code. */
const PROBE_TEXT = `${CHECK_TEXT}
Η γρήγορη καφέ αλεπού, Ёжик в тумане; שלום עולם، مرحبا بالعالم — “日本語のテキスト、カタカナ”, 한국어 텍스트 12,345.67 €.
/* camelCase, snake_case, HTTPServer2 */
async function main(argv: string[] = []) {
    const { length: n } = argv ?? [];
\tif (n >= 0x1F && !isNaN(+argv[0])) { return \`\${n}%\\n\`; }
}
#include <stdio.h>
for i in range(10):  # 0..9
        print(f"{i:>4}", end="\\t")
SELECT * FROM "users" WHERE e-mail = 'a.b@c.org' AND id <> -1;
https://example.org/a_b?c=d&e=%20#f  $x^2 + \\frac{1}{2}$ ~~~ <p class="x">&amp;</p>
`;

export interface ProbeSources {
  readonly tokenizer: TokenizerFiles;
  readonly config: Config;
  /** Those of the file to be written. */
  readonly kv: KeyValues;
  readonly strict: boolean;
  emit(event: ConvertEvent): void;
}

/**
 * Encodes a text as the repository's tokenizer does and as llama.cpp will with the file, and reports where they part.
 * Says nothing where one of the two is of a kind that is not handled.
 * @returns whether they are known to agree.
 * @throws StrictError with `strict`
 */
export function probeVocabulary({ tokenizer, config, kv, strict, emit }: ProbeSources): boolean {
  const found = mismatch(tokenizer, config, kv);
  if (found === null || found === UNKNOWN) {
    return found === null;
  }
  doubt({ emit, strict }, `${found}.`, 'Name another with --pre-tokenizer, or use the file for other texts alone.');
  return false;
}

/** One of the two is of a kind that is not handled. */
const UNKNOWN = Symbol('unknown');

/** Where they part; null where they agree. */
function mismatch(tokenizer: TokenizerFiles, config: Config, kv: KeyValues): string | null | typeof UNKNOWN {
  if (!tokenizer.tokenizer) {
    return UNKNOWN;
  }
  try {
    const init = initArguments(tokenizer, String(config.hparams.model_type ?? ''));
    const encoder = loadEncoder(tokenizer.tokenizer, init);
    const wanted = withinTime(CHECK_TIMEOUT, () => encoder.encode(PROBE_TEXT, { addSpecialTokens: false }));
    return compare(wanted, openVocabulary(kv));
  } catch (cause) {
    if (cause instanceof MalformedVocabularyError) {
      return `llama.cpp will not load the file. ${cause.what.replace(/\.$/, '')}`;
    }
    if (cause instanceof UnsupportedError || cause instanceof SourceError) {
      return UNKNOWN;
    }
    throw cause;
  }
}

function compare(wanted: readonly number[], vocabulary: Vocabulary): string | null {
  const got = vocabulary.encode(PROBE_TEXT, { special: true, edges: false });
  const differing = wanted.findIndex((id, i) => got[i] !== id);
  if (differing < 0 && got.length === wanted.length) {
    return null;
  }
  const at = differing < 0 ? wanted.length : differing;
  const bytes = (ids: readonly number[]) => Buffer.concat(ids.map((id) => vocabulary.piece(id, { special: true })));
  const shown = (id: number | undefined) => (id === undefined ? 'nothing more' : `${quoted(bytes([id]))} (${id})`);
  const before = bytes(wanted.slice(Math.max(0, at - CONTEXT), at));
  return (
    `llama.cpp will cut text otherwise than the repository's tokenizer: ` +
    `${at === 0 ? 'at the start' : `after ${JSON.stringify(before.toString().replaceAll('\ufffd', ''))}`} ` +
    `it will have ${shown(got[at])}, the tokenizer has ${shown(wanted[at])}`
  );
}

/** Tokens that are shown before the first that differs. */
const CONTEXT = 6;

/** Text, or bytes where a token is a part of a character. */
function quoted(bytes: Buffer): string {
  const text = bytes.toString();
  return text.includes('\ufffd') ? `the bytes ${bytes.toString('hex')}` : JSON.stringify(text);
}
