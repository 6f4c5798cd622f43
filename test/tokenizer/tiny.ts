import { KeyValues } from '#src/gguf/key-values.js';
import type { JsonObject } from '#src/json.js';
import { withinTime } from '#src/plan/within-time.js';
import type { Repo } from '#src/repo/repo.js';
import { SmallFiles } from '#src/repo/small-files.js';
import type { TokenizerPlan } from '#src/tokenizer/plan.js';
import { writeVocabulary } from '#src/tokenizer/write-vocabulary.js';
import { memoryRepo as plainMemoryRepo } from '../memory-repo.js';

/** Files by path: bytes, text, or what is written as JSON. */
export type Files = Readonly<Record<string, Uint8Array | string | JsonObject>>;

/** A repository in memory. */
export function memoryRepo(files: Files, name = 'tiny'): Repo {
  const written = Object.entries(files).map(([path, file]) => [
    path,
    typeof file === 'string' || file instanceof Uint8Array ? file : JSON.stringify(file),
  ]);
  return { ...plainMemoryRepo(Object.fromEntries(written)), id: `org/${name}`, name };
}

export interface Written {
  readonly kv: KeyValues;
  readonly warnings: readonly string[];
}

/** The vocabulary of a repository in memory; its config.json is the configuration. */
export async function vocabularyOf(files: Files, plan: TokenizerPlan): Promise<Written> {
  const config = files['config.json'];
  const hparams = (typeof config === 'string' ? JSON.parse(config) : config) as JsonObject;
  const kv = new KeyValues();
  const warnings: string[] = [];
  const context = {
    files: new SmallFiles(memoryRepo(files)),
    config: {
      architecture: 'Tiny',
      origin: 'Tiny',
      hparams,
      root: hparams,
      rope: {},
      ropePlace: { path: 'rope_scaling', places: {} },
    },
    kv,
    preTokenizer: 'llama-bpe',
    withinTime,
    warn: (message: string) => {
      warnings.push(message);
    },
  };
  await writeVocabulary(context, plan);
  return { kv, warnings };
}

/** A byte-level BPE of three tokens and one merge, with `</s>` added. */
export const TINY_BPE: JsonObject = {
  added_tokens: [
    { id: 3, content: '</s>', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  ],
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] },
};

/** Of the class that adds nothing of its own. */
export const PLAIN_CONFIG: JsonObject = { tokenizer_class: 'PreTrainedTokenizerFast', eos_token: '</s>' };

/** An entry of kv, its value as a plain array where it is one. */
export function valueAt(kv: KeyValues, key: string): unknown {
  const entry = kv.get(key);
  return entry?.type === 'array' ? Array.from(entry.value) : entry?.value;
}
