import type { JsonObject } from '#src/json.js';
import { BPE_ALONE } from '#src/tokenizer/plan.js';
import { PLANS } from './plans.js';
import { type Files, PLAIN_CONFIG, TINY_BPE, valueAt, vocabularyOf } from './tiny.js';

// Expected values: gguf-py/gguf/vocab.py (SpecialVocab) and conversion/llama.py of llama.cpp v0.5.0.

const token = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
const A = { Sequence: { id: 'A', type_id: 0 } };
const B = { Sequence: { id: 'B', type_id: 0 } };

function added(...contents: string[]): readonly JsonObject[] {
  return contents.map((content, i) => ({ id: 3 + i, content, normalized: false, special: true }));
}

async function keysOf(tokenizer: JsonObject, config: JsonObject | null, more: Files = {}): Promise<JsonObject> {
  const files: Files = {
    'config.json': { vocab_size: 8 },
    'tokenizer.json': { ...TINY_BPE, ...tokenizer },
    ...(config ? { 'tokenizer_config.json': { ...PLAIN_CONFIG, ...config } } : {}),
    ...more,
  };
  const { kv } = await vocabularyOf(files, BPE_ALONE);
  const known = ['model', 'pre', 'tokens', 'token_type', 'merges'].map((key) => `tokenizer.ggml.${key}`);
  const rest = [...kv.entries()].map(([key]) => key).filter((key) => !known.includes(key));
  return Object.fromEntries(rest.map((key) => [key.replace('tokenizer.', ''), valueAt(kv, key)])) as JsonObject;
}

describe('special tokens', () => {
  test('a template that starts with BOS and ends with EOS adds both', async () => {
    const post_processor = { type: 'TemplateProcessing', single: [token('<s>'), A, token('</s>')], pair: [] };
    const keys = await keysOf({ added_tokens: added('<s>', '</s>'), post_processor }, { bos_token: '<s>' });
    expect(keys).toEqual({
      'ggml.bos_token_id': 3,
      'ggml.eos_token_id': 4,
      'ggml.add_bos_token': true,
      'ggml.add_eos_token': true,
    });
  });

  test('another last token takes the place of EOS, which becomes EOT', async () => {
    const post_processor = { type: 'TemplateProcessing', single: [A, token('<end>')], pair: [] };
    const keys = await keysOf({ added_tokens: added('</s>', '<end>'), post_processor }, {});
    expect(keys).toEqual({ 'ggml.eos_token_id': 4, 'ggml.eot_token_id': 3, 'ggml.add_eos_token': true });
  });

  test('a separator between two sequences', async () => {
    const post_processor = { type: 'TemplateProcessing', single: [A], pair: [A, token('</s>'), B] };
    const keys = await keysOf({ added_tokens: added('</s>'), post_processor }, {});
    expect(keys).toEqual({ 'ggml.eos_token_id': 3, 'ggml.seperator_token_id': 3, 'ggml.add_sep_token': true });
  });

  test('tokenizer_config.json wins over config.json, and says in the end what is added', async () => {
    const post_processor = { type: 'TemplateProcessing', single: [token('</s>'), A], pair: [] };
    const keys = await keysOf(
      { post_processor },
      { bos_token: { content: '</s>' }, add_bos_token: false, add_eos_token: 'yes' },
      { 'config.json': { vocab_size: 8, bos_token_id: 0, eos_token_id: [1, 2], pad_token_id: 2 } },
    );
    expect(keys).toEqual({
      'ggml.bos_token_id': 3,
      'ggml.eos_token_id': 3,
      'ggml.padding_token_id': 2,
      'ggml.add_bos_token': false,
    });
  });
});

describe('merges and normalizer', () => {
  test('a space inside a merge in pairs is written as Ġ', async () => {
    const model = { type: 'BPE', vocab: { 'a b': 0, c: 1, 'a bc': 2 }, merges: [['a b', 'c']] };
    const files = { 'config.json': {}, 'tokenizer.json': { ...TINY_BPE, model } };
    const { kv } = await vocabularyOf(files, BPE_ALONE);
    expect(valueAt(kv, 'tokenizer.ggml.merges')).toEqual(['aĠb c']);
  });

  test('without merges in tokenizer.json, those of merges.txt', async () => {
    const model = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: [] };
    const files = {
      'config.json': {},
      'tokenizer.json': { ...TINY_BPE, model },
      'merges.txt': '#version\na b\n\na b c\n',
    };
    const { kv } = await vocabularyOf(files, BPE_ALONE);
    expect(valueAt(kv, 'tokenizer.ggml.merges')).toEqual(['a b']);
  });

  test('flags of nested normalizers', async () => {
    const normalizer = {
      type: 'Sequence',
      normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }, { type: 'StripAccents' }],
    };
    const keys = await keysOf({ normalizer }, {});
    expect(keys).toMatchObject({ 'ggml.normalizer.lowercase': true, 'ggml.normalizer.strip_accents': true });
  });
});

describe('chat templates', () => {
  const jinja: Files = { 'chat_template.jinja': 'one\r\ntwo\rthree' };
  const json: Files = { 'chat_template.json': { chat_template: 'json' } };

  test('tokenizer_config.json wins, even with null', async () => {
    expect(await keysOf({}, { chat_template: 'config' }, { ...jinja, ...json })).toMatchObject({
      chat_template: 'config',
    });
    expect(await keysOf({}, { chat_template: null }, { ...jinja, ...json })).not.toHaveProperty('chat_template');
  });

  test('then chat_template.jinja with its line ends as line feeds, then chat_template.json', async () => {
    expect(await keysOf({}, {}, { ...jinja, ...json })).toMatchObject({ chat_template: 'one\ntwo\nthree' });
    expect(await keysOf({}, {}, json)).toMatchObject({ chat_template: 'json' });
  });

  test('without tokenizer_config.json there is none', async () => {
    expect(await keysOf({}, null, jinja)).not.toHaveProperty('chat_template');
  });

  test('named ones: letters and digits in the key, the list sorted, the default apart', async () => {
    const chat_template = [
      { name: 'tool use', template: 'tools' },
      { name: 'default', template: 'main' },
      { name: 'rag', template: 'docs' },
      { name: 'none', template: null },
    ];
    const keys = await keysOf({}, { chat_template });
    expect(keys).toMatchObject({
      'chat_template.tool_use': 'tools',
      'chat_template.rag': 'docs',
      chat_templates: ['rag', 'tool_use'],
      chat_template: 'main',
    });
  });

  test('files beside chat_template.jinja', async () => {
    const more: Files = {
      'additional_chat_templates/rag.jinja': 'docs',
      'additional_chat_templates/deep/x.jinja': 'no',
    };
    expect(await keysOf({}, {}, { ...jinja, ...more })).toMatchObject({
      'chat_template.rag': 'docs',
      chat_templates: ['rag'],
      chat_template: 'one\ntwo\nthree',
    });
  });
});

describe('the Llama family', () => {
  const config: Files = { 'tokenizer.json': TINY_BPE, 'tokenizer_config.json': PLAIN_CONFIG };

  test('a vocabulary of 32016 is CodeLlama: its EOT token', async () => {
    const { kv } = await vocabularyOf({ ...config, 'config.json': { vocab_size: 32016 } }, PLANS.llama);
    expect(valueAt(kv, 'tokenizer.ggml.eot_token_id')).toBe(32010);
    expect(kv.has('tokenizer.ggml.prefix_token_id')).toBe(false);
  });

  test('a vocabulary of 49152 is a small Granite: no BOS, whatever the files say', async () => {
    const files = { ...config, 'tokenizer_config.json': { ...PLAIN_CONFIG, add_bos_token: true } };
    const { kv } = await vocabularyOf({ ...files, 'config.json': { vocab_size: 49152 } }, PLANS.llama);
    expect(valueAt(kv, 'tokenizer.ggml.add_bos_token')).toBe(false);
  });

  test('add_prefix_space comes first', async () => {
    const files = { ...config, 'tokenizer_config.json': { ...PLAIN_CONFIG, add_prefix_space: false } };
    const { kv } = await vocabularyOf({ ...files, 'config.json': { vocab_size: 8 } }, PLANS.llama);
    expect([...kv.entries()][0]).toEqual(['tokenizer.ggml.add_space_prefix', { type: 'bool', value: false }]);
  });
});
