/**
 * What llama.cpp makes of the small vocabularies.
 *   node out/test/runner/ask-small.js > test/fixtures/vocabulary/answers.json
 * writes the fixture of vocabulary.test.ts, where test/peer is installed.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KeyValues } from '#src/gguf/key-values.js';
import { encodeHeader } from '#src/gguf/writer.js';
import { fixtures } from '../paths.js';
import { askVocabularies, type VocabularyAnswer } from '../peer/ask-vocabulary.js';
import { piecesOf, smallVocabularies } from './vocabularies.js';

/** Asks llama.cpp for each vocabulary in turn. */
export function askAbout(
  vocabularies: readonly (readonly [string, KeyValues])[],
  texts: readonly string[],
): VocabularyAnswer[] {
  const folder = mkdtempSync(join(tmpdir(), 'hf2gguf-test-'));
  try {
    const questions = vocabularies.map(([, kv], i) => {
      const model = join(folder, `${i}.gguf`);
      writeFileSync(model, encodeHeader(kv.entries(), [], true));
      return { model, texts, pieces: piecesOf(kv) };
    });
    return askVocabularies(questions);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Texts and answers, kept in the repository. */
export interface Recorded {
  readonly texts: readonly string[];
  readonly answers: Readonly<Record<string, VocabularyAnswer>>;
}

export function readRecorded(): Recorded {
  return JSON.parse(readFileSync(join(fixtures, 'vocabulary/answers.json'), 'utf8')) as Recorded;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { texts } = readRecorded();
  const vocabularies = await smallVocabularies();
  const answers = askAbout(vocabularies, texts).map((answer, i) => [vocabularies[i]?.[0], answer] as const);
  process.stdout.write(`${JSON.stringify({ texts, answers: Object.fromEntries(answers) })}\n`);
}
