import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { KeyValues } from '#src/gguf/key-values.js';
import { withinTime } from '#src/plan/within-time.js';
import { writeVocabulary } from '#src/tokenizer/write-vocabulary.js';
import { openModel } from './folder.js';
import { type KvRecord, tokenizerRecord, withSortedNames } from './kv-record.js';
import { PLANS, type PlanName } from './plans.js';

interface Expected {
  readonly plan: PlanName;
  readonly preTokenizer: string | null;
  /** What the reference converter wrote. */
  readonly kv: readonly KvRecord[];
}

/** The compiled tests lie in out/test, the fixtures in test. */
function fixture(name: string): string {
  return fileURLToPath(new URL(`../../../test/fixtures/${name}/`, import.meta.url));
}

test.each([
  ['byte-level BPE with added tokens', 'vocab-bpe'],
  ['byte-level BPE whose class has special tokens of its own, with a chat template', 'vocab-qwen3'],
  ['SentencePiece with added_tokens.json and added_tokens_decoder', 'vocab-spm'],
  ['SentencePiece-like BPE in tokenizer.json', 'vocab-llama-hf'],
])('%s: the key-values of the reference', async (_, name) => {
  const folder = fixture(name);
  const expected: Expected = JSON.parse(readFileSync(`${folder}expected.json`, 'utf8'));
  const kv = new KeyValues();
  const context = {
    ...(await openModel(`${folder}source`)),
    kv,
    ...(expected.preTokenizer === null ? {} : { preTokenizer: expected.preTokenizer }),
    withinTime,
    warn: () => {},
  };
  await writeVocabulary(context, PLANS[expected.plan]);
  expect(withSortedNames(tokenizerRecord(kv))).toEqual(withSortedNames(expected.kv));
});
