import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hf2ggufError } from '#src/errors.js';
import { KeyValues } from '#src/gguf/key-values.js';
import { withinTime } from '#src/plan/within-time.js';
import { writeVocabulary } from '#src/tokenizer/write-vocabulary.js';
import { openModel } from './folder.js';
import { type KvRecord, tokenizerRecord, withSortedNames } from './kv-record.js';
import { PLANS, type PlanName } from './plans.js';

const data = process.env.HF2GGUF_DATA;

const SELECTIONS: readonly (readonly [string, RegExp])[] = [
  [
    'corpus',
    /^(bert.*|camembert|distilbert.*|eurobert|jina-.*|modernbert.*|mt5|neobert|nomic.*|roberta.*|t5-encoder|umt5|xlm-.*|llama|llama-2|llama-hf-tokenizer|llama-merge|llama-model|llama-yarn-bias|mistral.*|ministral3.*|iquest-coder|qwen2|qwen2-model-embedding|qwen3|qwen3-embedding|smollm3|rwkv6|rwkv7.*|plamo.*|mamba.*|falcon-mamba|jamba.*|qwen1-.*|kimi-k2|internlm2-chat|phi[34].*|arctic|gpt2.*)$|^tok-(plamo2|tekken-hf|bpe|llamahf|post|roberta|special|t5|tmpl|qwen2|wp|xlmr|fail)|^tok-spm-(added|no-|prefix|template|types|vocab|internlm2|phi3)/,
  ],
  [
    'corpus-tokenizers',
    /^(llama3|mistral_nemo|qwen2_5|qwen3|smollm2|minilm|vocab-bert-bge|vocab-xlmr-json|vocab-deepseek-llm|vocab-llama-spm)$/,
  ],
];

/** Cases whose failure, or whose model family, is not the vocabulary's. */
const ELSEWHERE = /^tok-fail-(gemma|no-config|spm-internlm2|tekken|unknown-arch|unknown-pre)/;

const FAMILIES: readonly (readonly [RegExp, PlanName])[] = [
  [/^(Llama|Mistral|Ministral3|SmolLM3|IQuestCoder)/, 'llama'],
  [/^Qwen/, 'qwen'],
  [/^Rwkv|^RWKV7/, 'rwkv'],
  [/^Plamo2/, 'plamo2'],
  [/^Plamo3/, 'plamo3'],
  [/^(Falcon)?Mamba(ForC|LM)/, 'mamba'],
  [/^Mamba2/, 'mamba2'],
  [/^Jamba/, 'jamba'],
  [/^QWen/, 'qwen1'],
  [/^Deepseek/, 'deepseek2'],
  [/^InternLM2/, 'internlm2'],
  [/^Phi/, 'phi3'],
  [/^Arctic/, 'arctic'],
  [/^(Bert|Camembert|DistilBert|NeoBERT)/, 'bert'],
  [/^Roberta/, 'roberta'],
  [/^XLMRoberta/, 'xlmRoberta'],
  [/^Nomic/, 'nomic'],
  [/^JinaBert/, 'jina'],
  [/^ModernBert/, 'modernBert'],
  [/^(EuroBert|JinaEmbeddingsV5)/, 'euroBert'],
  [/^U?M?T5/, 't5'],
];

interface Case {
  readonly repo: string;
  readonly pre: string | null;
  readonly fails?: Readonly<Record<string, string>>;
  /** Keys with texts that the reference holds itself. */
  readonly ignore?: readonly string[];
}

function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), 'utf8'));
}

function cases(root: string): readonly (readonly [string, string])[] {
  return SELECTIONS.flatMap(([corpus, names]) =>
    readdirSync(join(root, corpus))
      .filter((name) => names.test(name) && !ELSEWHERE.test(name))
      .map((name) => [`${corpus}/${name}`, join(root, corpus, name)] as const),
  );
}

async function vocabularyOf(folder: string, pre: string | null): Promise<KeyValues> {
  const { files, config } = await openModel(folder);
  const plan = FAMILIES.find(([classes]) => classes.test(config.architecture))?.[1] ?? 'gpt2';
  const kv = new KeyValues();
  const override = pre === null ? {} : { preTokenizer: pre };
  await writeVocabulary({ files, config, kv, ...override, withinTime, warn: () => {} }, PLANS[plan]);
  return kv;
}

function expectedOf(folder: string): readonly KvRecord[] {
  const [run] = readdirSync(join(folder, 'expected')).filter((file) => !file.startsWith('mmproj'));
  return readJson<{ files: { kv: KvRecord[] }[] }>(folder, 'expected', String(run)).files[0]?.kv ?? [];
}

if (data) {
  describe('the key-values of the reference', () => {
    test.each(cases(data))('%s', async (_, folder) => {
      const { repo, pre, fails, ignore = [] } = readJson<Case>(folder, 'case.json');
      const source = join(folder, 'source', repo);
      if (fails) {
        await expect(vocabularyOf(source, pre)).rejects.toBeInstanceOf(Hf2ggufError);
        return;
      }
      const kv = await vocabularyOf(source, pre);
      const compared = (records: readonly KvRecord[]) =>
        withSortedNames(records).filter(([key]) => !ignore.includes(key));
      expect(compared(tokenizerRecord(kv))).toEqual(compared(expectedOf(folder)));
    });
  });
} else {
  test.skip('the key-values of the reference (skipped: HF2GGUF_DATA is not set)', () => {});
}
