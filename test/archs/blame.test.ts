import { wrapperOf } from '#src/archs/wrapped-names.js';
import { plan } from '#src/calls/convert.js';
import type { JsonObject } from '#src/json.js';
import { TinyCopy } from '../calls/tiny-copy.js';

/** What a conversion of a spoilt copy says. */
const messageOf = (copy: TinyCopy): Promise<string> =>
  plan({ source: copy.folder, preTokenizer: 'llama-bpe' }).then(
    () => 'converted',
    (error: Error) => error.message,
  );

describe('names that a wrapper left', () => {
  test.each([
    ['_orig_mod.', /torch\.compile.*model\._orig_mod/],
    ['module.', /DataParallel.*model\.module/],
    ['module._orig_mod.', /torch\.compile/],
    ['base_model.model.', /PEFT.*merge_and_unload/],
    ['_fsdp_wrapped_module.', /FSDP/],
  ])('%s', async (prefix, expected) => {
    const copy = new TinyCopy().tensors((tensor) => ({ ...tensor, name: prefix + tensor.name }));
    expect(await messageOf(copy)).toMatch(expected);
  });

  test('an adapter that is not merged', () => {
    for (const name of ['q_proj.lora_A.default.weight', 'q_proj.base_layer.weight']) {
      expect(wrapperOf(`model.layers.0.self_attn.${name}`)?.next).toMatch(/merge_and_unload/);
    }
  });

  test("a model's own names", () => {
    for (const name of ['model.layers.0.mlp.up_proj.weight', 'lm_head.weight', 'norm.weight']) {
      expect(wrapperOf(name)).toBeUndefined();
    }
  });
});

describe('a key of config.json is named as it stands there', () => {
  test.each<[JsonObject, string]>([
    [{ rope_scaling: { type: 'linear', factor: '4.0' } }, 'rope_scaling.factor in config.json is "4.0"'],
    [{ rope_parameters: { rope_type: 'linear', factor: '4.0' } }, 'rope_parameters.factor in config.json is "4.0"'],
    [{ rope_scaling: { type: 'yarn', factor: 4 } }, 'no rope_scaling.original_max_position_embeddings, which YaRN'],
    [{ rope_scaling: { type: 7 } }, 'rope_scaling.type in config.json is 7'],
    [{ rope_theta: 'x' }, 'rope_theta in config.json is "x"'],
  ])('%j', async (change, expected) => {
    const copy = new TinyCopy().json('config.json', (config) => {
      delete config.rope_theta;
      Object.assign(config, change);
    });
    expect(await messageOf(copy)).toContain(expected);
  });
});

describe('a token beyond the vocabulary is blamed on what adds it', () => {
  test.each<[JsonObject, string]>([
    [{ pad_token: '[PAD]' }, 'tokenizer_config.json: pad_token is "[PAD]", which is no token of tokenizer.json'],
    [{ eos_token: { content: '<|x|>' } }, 'tokenizer_config.json: eos_token is "<|x|>"'],
    [{ additional_special_tokens: ['<|y|>'] }, 'tokenizer_config.json: additional_special_tokens has "<|y|>"'],
    [{ extra_special_tokens: [], audio_token: '<|a|>' }, 'tokenizer_config.json: audio_token is "<|a|>"'],
    [
      { extra_special_tokens: [], model_specific_special_tokens: { audio_token: '<|a|>' } },
      'tokenizer_config.json: model_specific_special_tokens has "<|a|>"',
    ],
    [{ tokenizer_class: null }, 'the tokenizer\'s class, LlamaTokenizer, adds "<unk>"'],
  ])('%j', async (change, expected) => {
    const copy = new TinyCopy().json('tokenizer_config.json', (config) => Object.assign(config, change));
    expect(await messageOf(copy)).toContain(expected);
  });
});
