import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '#src/json.js';
import { withinTime } from '#src/plan/within-time.js';
import { FINGERPRINTS, PRE_TOKENIZER_NAMES } from '#src/tokenizer/pre/fingerprints.js';
import {
  PreTokenizerNameError,
  type RecognizedPreTokenizer,
  recognizePreTokenizer,
  UnknownPreTokenizerError,
} from '#src/tokenizer/pre/recognize.js';
import { autoTokenizerOf } from '../../hf-tokenizer/auto.js';
import { dataTest, fixtures } from '../../paths.js';

interface Case {
  readonly name: string;
  readonly pre: string;
  readonly sha256: string;
  readonly tokenizerJson: JsonObject;
  readonly tokenizerConfig: JsonObject;
}

// Released tokenizers cut down to the tokens and merges that the check text can meet: the ids stay the same.
const known: Case[] = JSON.parse(readFileSync(join(fixtures, 'tokenizer-pre', 'fingerprints.json'), 'utf8'));

interface Sources {
  readonly tokenizerJson: JsonObject;
  readonly tokenizerConfig: JsonObject | null;
}

async function recognize(
  { tokenizerJson, tokenizerConfig }: Sources,
  override?: string,
): Promise<RecognizedPreTokenizer> {
  return recognizePreTokenizer(autoTokenizerOf({ tokenizer: tokenizerJson, tokenizerConfig }), withinTime, override);
}

describe('recognition by fingerprint', () => {
  test.each(known.map((entry) => [entry.name, entry] as const))('%s', async (_, entry) => {
    expect(await recognize(entry)).toEqual({ name: entry.pre, by: 'fingerprint', sha256: entry.sha256 });
  });

  test('the last of equal fingerprints counts, as in the reference', async () => {
    const bert = FINGERPRINTS.filter(([sha256]) => sha256.startsWith('0876d13b'));
    expect(bert.map(([, name]) => name)).toEqual(['bert-bge', 'jina-v2-en']);
    const minilm = await recognize(known.find((entry) => entry.name === 'minilm') as Case);
    expect(minilm.name).toBe('jina-v2-en');
  });

  dataTest('the table is that of the reference, row for row', (data) => {
    const page = readFileSync(join(data, 'corpus-tokenizers', 'pre-table.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([0-9a-f]{64})` \| (\S+) \|/gm)].map(([, sha256, name]) => [sha256, name]);
    expect(rows).toHaveLength(97);
    expect(FINGERPRINTS).toEqual(rows);
    const names = page.slice(page.indexOf('## Names'), page.indexOf('## Regular'));
    const listed = [...names.matchAll(/^\| (\S+)(?: \(no fingerprint\))? \| [A-Z(]/gm)].map(([, name]) => name);
    expect(PRE_TOKENIZER_NAMES).toEqual([...listed].sort());
  });
});

/** A tokenizer of another vocabulary that splits like the known one. */
function revocabularized(name: string): { tokenizerJson: JsonObject; tokenizerConfig: JsonObject } {
  const { tokenizerJson, tokenizerConfig } = known.find((entry) => entry.name === name) as Case;
  const model = tokenizerJson.model as JsonObject;
  return {
    tokenizerJson: { ...tokenizerJson, model: { ...model, merges: (model.merges as readonly string[]).slice(50) } },
    tokenizerConfig,
  };
}

describe('recognition by structure', () => {
  const expected: [string, string][] = [
    ['gpt2', 'gpt-2'],
    ['qwen2_5', 'qwen2'],
    ['mistral_nemo', 'tekken'],
    ['smollm2', 'smollm'],
    ['command_r_plus-bos', 'command-r'],
    ['deepseek_v3-bos', 'deepseek-v3'],
    ['vocab-gemma-4', 'gemma4'],
    // A BOS is configured, but nothing puts it there: the fingerprint says smaug-bpe, the structure Llama 3.
    ['llama3', 'llama-bpe'],
  ];
  test.each(expected)('%s with another vocabulary is %s', async (name, pre) => {
    expect(await recognize(revocabularized(name))).toMatchObject({ name: pre, by: 'structure' });
  });

  test('Llama 3 without a BOS is smaug-bpe, of class GPT2 dbrx, with [gMASK] glm4', async () => {
    const { tokenizerJson, tokenizerConfig } = revocabularized('llama3');
    const name = async (config: JsonObject, json: JsonObject = {}): Promise<string> => {
      const sources = {
        tokenizerJson: { ...tokenizerJson, ...json },
        tokenizerConfig: { ...tokenizerConfig, ...config },
      };
      return (await recognize(sources)).name;
    };
    const token = (content: string): JsonObject => ({ id: 0, content, special: true });
    expect(await name({ bos_token: null })).toBe('smaug-bpe');
    expect(await name({ bos_token: null, tokenizer_class: 'GPT2Tokenizer' })).toBe('dbrx');
    expect(await name({}, { added_tokens: [token('[gMASK]'), token('<sop>')] })).toBe('glm4');
  });

  const WORDS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?";
  const splits = (...patterns: string[]): JsonObject => ({
    type: 'Sequence',
    pretokenizers: [
      ...patterns.map((Regex) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false })),
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  });
  /** A tokenizer of bytes alone with this pre-tokenizer. */
  const named = async (pre_tokenizer: JsonObject, config: JsonObject = {}, modelType = ''): Promise<string> => {
    const tokenizer = { model: { type: 'BPE', vocab: { a: 0 }, merges: [] }, pre_tokenizer };
    const tokenizerConfig = { clean_up_tokenization_spaces: false, ...config };
    const auto = autoTokenizerOf({ tokenizer, tokenizerConfig, config: { model_type: modelType } });
    return (await recognizePreTokenizer(auto, withinTime)).name;
  };

  // The patterns of the released tokenizers, which src/llama-vocab.cpp quotes.
  const cutting: [string, JsonObject, JsonObject][] = [
    [
      'jais-2',
      splits(
        `${WORDS}\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s{512}(?!\\S)|\\s{256}(?!\\S)|` +
          '\\s{128}(?!\\S)|\\s{64}(?!\\S)|\\s{32}(?!\\S)|\\s{16}(?!\\S)|\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s{1}',
      ),
      {},
    ],
    [
      'exaone-moe',
      splits(
        `${WORDS}(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+`,
      ),
      {},
    ],
    [
      'chameleon',
      {
        type: 'Sequence',
        pretokenizers: [
          ...['<sentinel:[0-9]+>', '(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z', '([\\t\\n]|    |  )'].map((Regex) => ({
            ...{ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false },
          })),
          { type: 'Digits', individual_digits: true },
          { type: 'Punctuation', behavior: 'Isolated' },
          { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
        ],
      },
      { bos_token: '<s>' },
    ],
    // Llama 3's pattern in other words: with and without its flags.
    [
      'llama3',
      splits(`${WORDS}\\p{L}+|\\p{N}\\p{N}?\\p{N}?| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s`),
      { bos_token: 'a' },
    ],
    [
      'dbrx',
      splits(`${WORDS}\\p{L}+|\\p{N}\\p{N}?\\p{N}?| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s`),
      { clean_up_tokenization_spaces: true },
    ],
  ];
  test.each(cutting)('a pattern that cuts as %s does', async (name, pre_tokenizer, config) => {
    expect(await named(pre_tokenizer, config)).toBe(name);
  });

  test("of names that llama.cpp treats alike, the family's own is written", async () => {
    const gpt2 = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
    const digits = { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, gpt2] };
    const qwen2 = splits(`${WORDS}\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`);
    expect(await named(gpt2, {}, 'jais')).toBe('jais');
    expect(await named(gpt2, {}, 'codeshell')).toBe('gpt-2');
    expect(await named(digits, { clean_up_tokenization_spaces: true }, 'granite')).toBe('refact');
    // Granite's own name stands for removing spaces before signs.
    expect(await named(digits, {}, 'granite')).toBe('smollm');
    expect(await named(qwen2, {}, 'solar_open')).toBe('solar-open');
    expect(await named(qwen2, {}, 'bailing_moe')).toBe('bailingmoe');
    expect(await named(qwen2, {}, 'hunyuan_v1_moe')).toBe('hunyuan');
    expect(await named(qwen2, {}, 'llama')).toBe('qwen2');
  });

  // The names whose class the checker takes for the same, and the cases that the issue lists for it.
  dataTest('the small tokenizers of the corpus come out in the class of their name', async (data) => {
    const classes: string[][] = JSON.parse(readFileSync(join(data, 'tools', 'pre-classes.json'), 'utf8'));
    const cases = readdirSync(join(data, 'corpus')).filter((name) =>
      /^(llama|llama-merge|llama-model|ministral3|qwen2|qwen3|smollm3|tok-bpe-.*|tok-post-.*|tok-tmpl-.*|tok-qwen2-.*)$/.test(
        name,
      ),
    );
    expect(cases.length).toBeGreaterThan(30);
    for (const name of cases) {
      const folder = join(data, 'corpus', name);
      const { repo, pre } = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8'));
      const config = join(folder, 'source', repo, 'tokenizer_config.json');
      const { name: found } = await recognize({
        tokenizerJson: JSON.parse(readFileSync(join(folder, 'source', repo, 'tokenizer.json'), 'utf8')),
        tokenizerConfig: existsSync(config) ? JSON.parse(readFileSync(config, 'utf8')) : null,
      });
      const same = classes.find((names) => names.includes(pre)) ?? [pre];
      expect({ name, found, same: same.includes(found) }).toEqual({ name, found, same: true });
    }
  });
});

describe('an unknown pre-tokenizer', () => {
  const strange = {
    tokenizerJson: {
      model: { type: 'BPE', vocab: { a: 0 }, merges: [] },
      pre_tokenizer: { type: 'Split', pattern: { Regex: 'strange' }, behavior: 'Isolated' },
    },
    tokenizerConfig: null,
  };

  test('is an error that offers --pre-tokenizer', async () => {
    await expect(recognize(strange)).rejects.toThrow(UnknownPreTokenizerError);
    await expect(recognize(strange)).rejects.toThrow(/--pre-tokenizer NAME/);
  });

  test('so is one with a component or a pattern that is not known', async () => {
    for (const pre_tokenizer of [
      { type: 'FixedLength', length: 5 },
      { type: 'Split', pattern: { Regex: '(a)\\1' }, behavior: 'Isolated' },
    ]) {
      const tokenizerJson = { ...strange.tokenizerJson, pre_tokenizer };
      await expect(recognize({ tokenizerJson, tokenizerConfig: null })).rejects.toThrow(/--pre-tokenizer NAME/);
    }
  });

  test('--pre-tokenizer wins, over a known one too', async () => {
    expect(await recognize(strange, 'llama-bpe')).toMatchObject({
      name: 'llama-bpe',
      by: 'option',
    });
    expect(await recognize(known[0] as Case, 'default')).toMatchObject({ name: 'default' });
  });

  test('a name that llama.cpp does not have is a usage error that lists near ones', async () => {
    const wrong = recognize(strange, 'lama-bpe');
    await expect(wrong).rejects.toThrow(PreTokenizerNameError);
    await expect(wrong).rejects.toThrow(/"lama-bpe".*Did you mean llama-bpe/);
    await expect(recognize(strange, 'zzzzzzzzzzzzzzz')).rejects.toThrow(/archs --pre-tokenizers/);
  });
});
