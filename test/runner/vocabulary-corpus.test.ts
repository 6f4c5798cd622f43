import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openVocabulary } from '#src/tokenize/open.js';
import { dataTest } from '../paths.js';
import type { PlanName } from '../tokenizer/plans.js';
import { vocabularyOfFolder } from './vocabularies.js';

const NFC = [25];
const MARKS = [29, 30, 31, 32, 33, 35];
const SPACES = [1, 2, 6, 8];
const SLASH_S = [50];
const SPACING = [30, 31];
const HANGUL = [38, 59];
const NEXT_LINE = [41];
const LONG = [43, 45];
const WORD_PIECE = [...SPACING, ...HANGUL, ...NEXT_LINE, ...LONG].sort((a, b) => a - b);

/**
 * Tokenizers whose vocabularies are written with tokenizer.json's BPE or tokenizer.model, and where llama.cpp gives
 * other ids than transformers recorded, as indexes into encode.jsonl:
 * - NFC: it does not normalize, so decomposed letters stay so;
 * - MARKS: its pattern for Tekken leaves out combining marks;
 * - SPACES: SentencePiece's own rule puts a space before a text that begins with one, transformers does not any more;
 * - SLASH_S: `</s>` is a control token, by its name, where the repository has it as a plain one; and a space is put
 *   before what follows a special token;
 * - SPACING: WordPiece also strips marks that take space, as Devanagari's and Bengali's vowels;
 * - HANGUL: it keeps the first consonant of each syllable alone;
 * - NEXT_LINE: U+0085 is a space for WordPiece, where BERT removes it; unigram looks U+200B and U+FEFF up by themselves,
 *   and transformers those of a cluster;
 * - LONG: words of more than 100 characters are cut, where BERT has one unknown token.
 */
const DIFFERS: Readonly<Record<string, readonly number[]>> = {
  'command_r_plus-bos': NFC,
  'deepseek_v3-bos': [],
  gpt2: [],
  llama3: [],
  minilm: WORD_PIECE,
  mistral_nemo: MARKS,
  qwen2_5: [...NFC, ...SLASH_S],
  qwen3: [...NFC, ...SLASH_S],
  smollm2: [],
  'vocab-baichuan': SLASH_S,
  'vocab-bert-bge': WORD_PIECE,
  'vocab-deepseek-llm': [],
  'vocab-gpt-neox': NFC,
  'vocab-llama-spm': [...SPACES, ...SLASH_S, 58],
  'vocab-mpt': NFC,
  // 51: after <|endoftext|>, too, a space is put before what follows.
  'vocab-phi-3': [...SPACES, ...SLASH_S, 51, 58],
  'vocab-refact': [],
  'vocab-starcoder': [],
  'vocab-xlmr-json': NEXT_LINE,
};

/** The plans of those that are no decoders. */
const PLAN: Readonly<Record<string, PlanName>> = {
  minilm: 'bert',
  'vocab-bert-bge': 'bert',
  'vocab-xlmr-json': 'xlmRoberta',
};

interface Line {
  readonly text: string;
  readonly ids: readonly number[];
}

describe('released tokenizers', () => {
  for (const [name, differs] of Object.entries(DIFFERS)) {
    dataTest(`${name}: the ids of transformers, but where llama.cpp differs`, async (data) => {
      const folder = join(data, 'corpus-tokenizers', name);
      const source = join(folder, 'source');
      const kv = await vocabularyOfFolder(join(source, readdirSync(source)[0] ?? ''), PLAN[name] ?? 'llama');
      const vocabulary = openVocabulary(kv);
      const lines = readFileSync(join(folder, 'encode.jsonl'), 'utf8').trimEnd().split('\n');
      const found = lines.flatMap((line, i) => {
        const { text, ids } = JSON.parse(line) as Line;
        return String(vocabulary.encode(text, { special: true, edges: false })) === String(ids) ? [] : [i];
      });
      expect(lines).toHaveLength(60);
      expect(found).toEqual(differs);
    });
  }
});
