import type { Config } from '../config/config.js';
import { SourceError, UnsupportedError } from '../errors.js';
import type { KeyValues } from '../gguf/key-values.js';
import { autoTokenizer } from '../hf-tokenizer/auto-tokenizer.js';
import { loadEncoder } from '../hf-tokenizer/encoder.js';
import { CHECK_TIMEOUT, type WithinTime } from '../hf-tokenizer/time-limit.js';
import type { TokenizerFiles } from '../hf-tokenizer/tokenizer-files.js';
import { MalformedVocabularyError } from '../tokenize/errors.js';
import { openVocabulary } from '../tokenize/open.js';
import type { Vocabulary } from '../tokenize/vocabulary.js';
import { modelTypeOf } from '../tokenizer/context.js';
import { PROBE_TEXT } from '../tokenizer/pre/check-text.js';
import { type DoubtSink, doubt } from '../warnings.js';
import { probePieces } from './probe-pieces.js';

export interface ProbeSources {
  readonly tokenizer: TokenizerFiles;
  readonly config: Config;
  /** The key-values of the file to be written. */
  readonly kv: KeyValues;
  /** Stops a tokenizer whose patterns run away. */
  readonly withinTime: WithinTime;
}

/**
 * Encodes a text as the repository's tokenizer does and as llama.cpp will with the file, and reports where they part;
 * then the same with what that tokenizer looks for in particular.
 * Says nothing where one of the two is of a kind that is not handled.
 * @throws StrictError with `strict`
 */
export function probeVocabulary(sources: ProbeSources, to: DoubtSink): Probed {
  const vocabulary = openKnown(sources.kv, to);
  const found = vocabulary && mismatch(sources, vocabulary);
  if (found && found !== UNKNOWN) {
    doubt(to, `${found.what}.`, found.next);
  }
  return { vocabulary, agrees: vocabulary !== null && found === null };
}

export interface Probed {
  /** The file's vocabulary, where its kind is handled. */
  readonly vocabulary: Vocabulary | null;
  /** Whether both are known to read text alike. */
  readonly agrees: boolean;
}

/** Null where llama.cpp won't load the vocabulary, with a warning, or where its kind is not handled. */
function openKnown(kv: KeyValues, to: DoubtSink): Vocabulary | null {
  try {
    return openVocabulary(kv);
  } catch (cause) {
    if (cause instanceof MalformedVocabularyError) {
      doubt(to, `llama.cpp will not load the file. ${cause.what}`, OTHER_NAME);
    } else if (!(cause instanceof UnsupportedError)) {
      throw cause;
    }
    return null;
  }
}

interface Mismatch {
  readonly what: string;
  readonly next: string;
}

const OTHER_NAME = 'Name another with --pre-tokenizer, or use the file for other texts alone.';
const OTHER_TEXTS =
  'llama.cpp has no such step or flag as the normalizer, the pre_tokenizer or the added_tokens of tokenizer.json have ' +
  'there; use the file for texts without what they look for.';

const OTHER_KIND =
  'llama.cpp has one way for such vocabularies; use the file for other texts alone. If the repository has no ' +
  'tokenizer.json, add the one that AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) writes.';

/**
 * What to probe a file with. llama.cpp takes Hangul apart in every WordPiece vocabulary without accents, so that says
 * nothing about one of them.
 */
function probeText(kv: KeyValues): string {
  const isWordPiece = kv.get('tokenizer.ggml.model')?.value === 'bert';
  return isWordPiece ? PROBE_TEXT.replace(/[가-힣]+/g, '') : PROBE_TEXT;
}

/** What to do about a vocabulary that text is cut for otherwise. */
function nextFor(kv: KeyValues): string {
  return kv.get('tokenizer.ggml.model')?.value === 'gpt2' ? OTHER_NAME : OTHER_KIND;
}

/** The result where the kind of the tokenizer or of the vocabulary is not handled. */
const UNKNOWN = Symbol('unknown');

/** Where they part; null where they agree. */
function mismatch(
  { tokenizer, config, kv, withinTime }: ProbeSources,
  vocabulary: Vocabulary,
): Mismatch | null | typeof UNKNOWN {
  if (!tokenizer.tokenizer) {
    return UNKNOWN;
  }
  try {
    const auto = autoTokenizer(tokenizer, modelTypeOf({ config }));
    const encoder = loadEncoder(auto);
    const differs = (text: string) => {
      const wanted = withinTime(CHECK_TIMEOUT, () => encoder.encode(text, { addSpecialTokens: false }));
      return compare(text, wanted, vocabulary);
    };
    const usual = differs(probeText(kv));
    const own = usual ?? differs(probePieces(auto));
    return own === null ? null : { what: own, next: usual === null ? OTHER_TEXTS : nextFor(kv) };
  } catch (cause) {
    if (cause instanceof UnsupportedError || cause instanceof SourceError) {
      return UNKNOWN;
    }
    throw cause;
  }
}

function compare(text: string, wanted: readonly number[], vocabulary: Vocabulary): string | null {
  const got = vocabulary.encode(text, { special: true, edges: false });
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
