import { loadConfig } from '#src/config/load-config.js';
import type { JsonObject } from '#src/json.js';
import { ConfigFieldError } from '#src/language/fields.js';

const LLAMA = { architectures: ['LlamaForCausalLM'], model_type: 'llama' };
const UNKNOWN = { architectures: ['NewForCausalLM'], model_type: 'new' };

describe('architecture', () => {
  test.each<[string, JsonObject, string]>([
    ['the first of the list', { architectures: ['A', 'B'] }, 'A'],
    ['that of text_config', { architectures: ['A'], text_config: { architectures: ['T'] } }, 'T'],
    ['that of llm_config', { architectures: ['InternVLChatModel'], llm_config: { architectures: ['T'] } }, 'T'],
    [
      'that of the root for classes with a text class of their own',
      { architectures: ['KimiK3ForConditionalGeneration'], text_config: { architectures: ['T'] } },
      'KimiK3ForConditionalGeneration',
    ],
    ['the root, where the text says null', { architectures: ['A'], text_config: { architectures: null } }, 'A'],
  ])('%s', (_, config, architecture) => {
    expect(loadConfig(config).architecture).toBe(architecture);
  });

  test.each([{}, { architectures: [] }, { architectures: null }, { architectures: [7] }])('missing: %j', (config) => {
    expect(() => loadConfig(config)).toThrow(ConfigFieldError);
    expect(() => loadConfig(config)).toThrow(/architectures/);
  });
});

describe('nested configurations', () => {
  test('the text model wins over the root, also with its defaults', () => {
    const { hparams } = loadConfig({
      architectures: ['Mistral3ForConditionalGeneration'],
      model_type: 'mistral3',
      bos_token_id: 7,
      text_config: { model_type: 'mistral', hidden_size: 64 },
    });
    expect(hparams).toMatchObject({ model_type: 'mistral', hidden_size: 64, rms_norm_eps: 1e-6, bos_token_id: 1 });
  });

  test('a type that transformers does not know keeps config.json as it stands', () => {
    const { hparams } = loadConfig({ ...UNKNOWN, text_config: { hidden_size: 64 } });
    expect(hparams).toEqual({ ...UNKNOWN, text_config: { hidden_size: 64 }, hidden_size: 64 });
  });

  test('thinker_config holds a text_config of its own', () => {
    expect(loadConfig({ ...UNKNOWN, thinker_config: { text_config: { hidden_size: 5 } } }).hparams.hidden_size).toBe(5);
  });

  test('one that is no object', () => {
    expect(() => loadConfig({ ...UNKNOWN, text_config: 'x' })).toThrow(
      'text_config in config.json is "x", not an object',
    );
  });
});

describe('parts', () => {
  test('the root, the text model and what projectors read', () => {
    const raw = {
      ...UNKNOWN,
      text_config: { hidden_size: 64 },
      vision_config: { depth: 2 },
      audio_config: { d_model: 8 },
    };
    expect(loadConfig(raw)).toMatchObject({
      root: raw,
      text: { hidden_size: 64 },
      vision: { depth: 2 },
      audio: { d_model: 8 },
    });
  });

  test('whisper_config goes before audio_config', () => {
    expect(loadConfig({ ...UNKNOWN, whisper_config: { a: 1 }, audio_config: { a: 2 } }).audio).toEqual({ a: 1 });
  });

  test('a model without parts, or with nulls', () => {
    const config = loadConfig({ ...UNKNOWN, vision_config: null });
    expect([config.text, config.vision, config.audio]).toEqual([undefined, undefined, undefined]);
  });
});

describe('classes that read config.json as it stands', () => {
  test.each(['MambaForCausalLM', 'FalconH1ForCausalLM', 'GraniteMoeHybridForCausalLM'])('%s', (name) => {
    const raw = { architectures: [name], model_type: 'falcon_h1', hidden_size: 64 };
    expect(loadConfig(raw).hparams).toEqual(raw);
  });

  test("others of the type have transformers' defaults", () => {
    expect(loadConfig({ architectures: ['New'], model_type: 'falcon_h1' }).hparams).toMatchObject({ mamba_d_conv: 4 });
  });
});

test("a Mamba from before transformers' has its class in ssm_cfg", () => {
  expect(loadConfig({ ssm_cfg: { layer: 'Mamba2' } }).architecture).toBe('Mamba2ForCausalLM');
  expect(loadConfig({ ssm_cfg: {} }).architecture).toBe('MambaForCausalLM');
});

test('version 5 knows types that version 4 reads as they stand', () => {
  const raw = { architectures: ['Ministral3ForCausalLM'], model_type: 'ministral3' };
  expect(loadConfig(raw).hparams.head_dim).toBeUndefined();
  expect(loadConfig(raw, 5).hparams.head_dim).toBe(128);
});

describe('rope', () => {
  test.each<[string, JsonObject, JsonObject]>([
    ['the root theta and factor', { rope_theta: 5, rope_pct: 0.5 }, { rope_theta: 5, partial_rotary_factor: 0.5 }],
    [
      'rope_scaling, its type under the new name',
      { rope_scaling: { type: 'linear', factor: 2 }, rope_theta: 5 },
      { type: 'linear', rope_type: 'linear', factor: 2, rope_theta: 5 },
    ],
    ['its own fields win', { rope_parameters: { rope_theta: 7 }, rope_theta: 5 }, { rope_theta: 7 }],
    ['rope_parameters hides rope_scaling, even as null', { rope_parameters: null, rope_scaling: { factor: 2 } }, {}],
    ['a local theta', { rope_local_base_freq: 3 }, { sliding_attention: { rope_theta: 3 } }],
    [
      'one for each layer type is left alone',
      { rope_parameters: { full_attention: { rope_theta: 7 } }, rope_theta: 5 },
      { full_attention: { rope_theta: 7 } },
    ],
    [
      'the original length',
      { rope_scaling: { factor: 2 }, original_max_position_embeddings: 64 },
      { factor: 2, original_max_position_embeddings: 64 },
    ],
  ])('%s', (_, fields, rope) => {
    expect(loadConfig({ ...UNKNOWN, ...fields }).rope).toEqual(rope);
  });

  test("a class's own theta", () => {
    expect(loadConfig(LLAMA).rope).toEqual({ rope_theta: 10000 });
  });

  test('one that is no object', () => {
    expect(() => loadConfig({ ...UNKNOWN, rope_parameters: [1] })).toThrow(ConfigFieldError);
  });
});

test('VLlama3 without heads has 32', () => {
  expect(loadConfig({ architectures: ['VLlama3ForCausalLM'] }).hparams.num_attention_heads).toBe(32);
});
