import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plan } from '#src/calls/convert.js';
import { EXIT } from '#src/errors.js';
import type { KeyValues } from '#src/gguf/key-values.js';
import { readTokenizerFiles } from '#src/hf-tokenizer/tokenizer-files.js';
import type { JsonObject } from '#src/json.js';
import type { ConversionParams } from '#src/plan/params.js';
import { probeVocabulary } from '#src/plan/probe.js';
import { withinTime } from '#src/plan/within-time.js';
import { StrictError } from '#src/warnings.js';
import { TinyCopy } from '../calls/tiny-copy.js';
import { fixtures } from '../paths.js';
import { vocabularyOfFolder } from '../runner/vocabularies.js';
import { tempFolder } from '../temp.js';
import { openModel } from '../tokenizer/folder.js';

const tinyVerse = join(fixtures, 'Tiny-Verse-2M');

/** The same with a merge of two digits, which the pre-tokenizer `smollm` keeps apart. */
function withDigits(): string {
  const source = tempFolder();
  cpSync(tinyVerse, source, { recursive: true });
  const path = join(source, 'tokenizer.json');
  const tokenizer = JSON.parse(readFileSync(path, 'utf8'));
  const { vocab, merges } = tokenizer.model;
  const [left, right] = merges.pop();
  merges.push(['3', '3']);
  vocab['33'] = vocab[left + right];
  delete vocab[left + right];
  writeFileSync(path, JSON.stringify(tokenizer));
  return source;
}

async function warningsOf(params: Partial<ConversionParams>): Promise<string[]> {
  const warnings: string[] = [];
  await plan({ source: tinyVerse, ...params }, (event) => {
    if (event.event === 'warning') {
      warnings.push(event.what);
    }
  });
  return warnings;
}

describe('a conversion probes its vocabulary', () => {
  test('which reads text as the repository does: nothing is said', async () => {
    for (const strict of [false, true]) {
      expect(await warningsOf({ preTokenizer: 'llama-bpe', strict })).toEqual([]);
    }
  });

  test('which another pre-tokenizer cuts otherwise: a warning with the first piece that differs', async () => {
    const [warning, ...others] = await warningsOf({ source: withDigits(), preTokenizer: 'smollm', vocabOnly: true });
    expect(others).toEqual([]);
    expect(warning).toMatch(/after ".* 3 " it will have "3" \(\d+\), the tokenizer has "33" \(1021\)/);
  });

  test('--strict refuses it', async () => {
    const error = await plan({ source: withDigits(), preTokenizer: 'smollm', strict: true }).catch((cause) => cause);
    expect(error).toBeInstanceOf(StrictError);
    expect(error.exitCode).toBe(EXIT.gate);
    expect(error.message).toMatch(/it will have "3" .* the tokenizer has "33" .*--strict/);
  });

  test.each([
    [
      'of a kind that is not handled: nothing is said',
      (kv: KeyValues) => kv.string('tokenizer.ggml.model', 'test'),
      [],
    ],
    [
      'that llama.cpp will not load: a warning that says so',
      (kv: KeyValues) => kv.array('tokenizer.ggml.tokens', 'string', ['a', 'a']),
      [expect.stringMatching(/will not load the file.*"a" stands there twice/)],
    ],
  ])('a vocabulary %s', async (_, change, expected) => {
    const { files, config } = await openModel(tinyVerse);
    const warnings: string[] = [];
    probeVocabulary(
      {
        tokenizer: await readTokenizerFiles(files),
        config,
        kv: change(await vocabularyOfFolder(tinyVerse, 'llama')),
        withinTime,
      },
      { strict: false, emit: (event) => event.event === 'warning' && warnings.push(event.what) },
    );
    expect(warnings).toEqual(expected);
  });

  test('a repository whose tokenizer.json cannot be run, but need not: nothing is said', async () => {
    const { files, config } = await openModel(tinyVerse);
    const tokenizer = { ...(await readTokenizerFiles(files)), tokenizer: { model: { type: 'Quantum' } } };
    const kv = await vocabularyOfFolder(tinyVerse, 'llama');
    for (const files of [tokenizer, { ...tokenizer, tokenizer: null }]) {
      const events: unknown[] = [];
      probeVocabulary(
        { tokenizer: files, config, kv, withinTime },
        { strict: true, emit: (event) => events.push(event) },
      );
      expect(events).toEqual([]);
    }
  });

  describe('of words in pieces, from vocab.txt alone', () => {
    const FIRST = ['[UNK]', '[CLS]', '[SEP]', '[MASK]'];
    const CHARS = [...'abcdefghijklmnopqrstuvwxyz0123456789.,!?"'];
    const UNUSED = Array.from({ length: 99 }, (_, i) => `[unused${i}]`);
    const PIECES = CHARS.flatMap((char) => [char, `##${char}`]);

    const warningsFor = async (vocabulary: readonly string[]) => {
      const source = tempFolder();
      const config = {
        ...{ architectures: ['BertModel'], model_type: 'bert', num_hidden_layers: 1, vocab_size: vocabulary.length },
      };
      writeFileSync(join(source, 'config.json'), JSON.stringify(config));
      writeFileSync(join(source, 'vocab.txt'), vocabulary.join('\n'));
      return warningsOf({ source, vocabOnly: true });
    };

    test('with the special tokens where llama.cpp looks for them: nothing is said', async () => {
      expect(await warningsFor(['[PAD]', ...UNUSED, ...FIRST, ...PIECES])).toEqual([]);
    });

    test('with them elsewhere: a warning that names the unknown token', async () => {
      const [warning] = await warningsFor(['[PAD]', ...FIRST, ...PIECES, ...UNUSED]);
      expect(warning).toMatch(/will cut text otherwise.* the tokenizer has "\[UNK\]" \(1\)/);
    });
  });

  describe('with what its tokenizer looks for in particular', () => {
    const warningOf = async (change: (tokenizer: Record<string, JsonObject[string]>) => void) => {
      const source = new TinyCopy().json('tokenizer.json', change).folder;
      return (await warningsOf({ source, preTokenizer: 'llama-bpe', vocabOnly: true })).join();
    };

    test.each(['lstrip', 'rstrip', 'single_word'])('added tokens with %s', async (flag) => {
      const warning = await warningOf((tokenizer) => {
        const tokens = tokenizer.added_tokens as Record<string, unknown>[];
        for (const token of tokens) {
          token[flag] = true;
        }
      });
      expect(warning).toMatch(/will cut text otherwise/);
    });

    test.each<[string, JsonObject, RegExp]>([
      ['a text', { type: 'Replace', pattern: { String: 'God' }, content: 'Lord' }, /it will have "G" .* has "L"/],
      ['a pattern', { type: 'Replace', pattern: { Regex: '[§¶]+' }, content: '-' }, /the tokenizer has "-"/],
      [
        'one step of several',
        { type: 'Sequence', normalizers: [{ type: 'Replace', pattern: { String: '¶' }, content: '' }] },
        /will cut text otherwise/,
      ],
    ])('a normalizer that replaces %s', async (_, normalizer, expected) => {
      expect(await warningOf((tokenizer) => Object.assign(tokenizer, { normalizer }))).toMatch(expected);
    });

    test('a normalizer that finds nothing to replace: nothing is said', async () => {
      const normalizer = { type: 'Replace', pattern: { String: 'God' }, content: 'God' };
      expect(await warningOf((tokenizer) => Object.assign(tokenizer, { normalizer }))).toBe('');
    });
  });
});
