import { ARCHITECTURES, findArchitecture, UnsupportedArchitectureError } from '#src/archs/registry.js';
import { loadConfig } from '#src/config/load-config.js';
import { EXIT, type Hf2ggufError } from '#src/errors.js';
import { known } from './known.js';

const config = (architecture: string, fields = {}) => known(loadConfig({ architectures: [architecture], ...fields }));

const WITHOUT_CONDITION = ARCHITECTURES.filter(({ when }) => when === undefined);

test('no class stands twice, unless a condition tells the families apart', () => {
  const classes = WITHOUT_CONDITION.flatMap((architecture) => architecture.classes);
  expect(new Set(classes).size).toBe(classes.length);
});

test('each class finds its family', () => {
  for (const architecture of WITHOUT_CONDITION) {
    for (const name of architecture.classes) {
      expect(findArchitecture(config(name))).toBe(architecture);
    }
  }
});

test('--arch takes a class or a GGUF name', () => {
  const unknown = config('NoSuchForCausalLM');
  expect(findArchitecture(unknown, 'qwen3').gguf).toBe('qwen3');
  expect(findArchitecture(unknown, 'SmolLM3ForCausalLM').gguf).toBe('smollm3');
});

test.each([
  ['NomicBertModel', {}, 'nomic-bert'],
  ['NomicBertModel', { moe_every_n_layers: 2 }, 'nomic-bert-moe'],
  ['XLMRobertaModel', {}, 'bert'],
  ['XLMRobertaModel', { lora_adaptations: ['retrieval.query'] }, 'jina-bert-v3'],
])('%s with %j is %s', (name, fields, gguf) => {
  expect(findArchitecture(config(name, fields)).gguf).toBe(gguf);
});

describe('an unknown class', () => {
  test.each([
    ['LlamaForCasualLM', 'LlamaForCausalLM'],
    ['Qwen3ForCausalML', 'Qwen3ForCausalLM'],
  ])('%s is a slip for a known one', (name, near) => {
    const find = () => findArchitecture(config(name));
    expect(find).toThrow(UnsupportedArchitectureError);
    expect(find).toThrow(`The architecture ${name} is not supported. If config.json means ${near}, say --arch ${near}`);
  });

  test.each(['Qwen4ForCausalLM', 'QwenForCausalLM'])('%s: no other is recommended', (name) => {
    const find = () => findArchitecture(config(name, { model_type: 'qwen3' }));
    expect(find).toThrow(`The architecture ${name} is not supported. hf2gguf archs lists`);
    expect(find).not.toThrow('--arch');
  });

  test.each([
    ['MixtralForCausalLM', {}],
    ['Qwen3MoeForCausalLM', {}],
    ['NoSuchForCausalLM', { num_local_experts: 8 }],
  ])('%s %j is a mixture of experts', (name, fields) => {
    expect(() => findArchitecture(config(name, fields))).toThrow(
      `Mixtures of experts (${name}) are not supported yet.`,
    );
  });

  test('--arch with another name: what was meant', () => {
    const llama = config('LlamaForCausalLM');
    expect(findArchitecture(llama, 'qwen3-for-causal-lm').gguf).toBe('qwen3');
    expect(() => findArchitecture(llama, 'quen3')).toThrow(
      '--arch quen3 is no class of models that is supported. Did you mean qwen3',
    );
  });

  test('a very long name is cut', () => {
    expect(() => findArchitecture(config('x'.repeat(1_000_000)))).toThrow(/^.{0,400}$/s);
  });

  test('exits as unsupported', () => {
    expect.assertions(1);
    try {
      findArchitecture(config('NoSuchForCausalLM'));
    } catch (error) {
      expect((error as Hf2ggufError).exitCode).toBe(EXIT.unsupported);
    }
  });
});

test.each([
  ['LlamaForCausalLM', { draft_vocab_size: 100, num_hidden_layers: 1 }, 'EAGLE-3'],
  ['Mistral3ForConditionalGeneration', { model_type: 'x', text_config: { model_type: 'mistral4' } }, 'Mistral 4'],
])('a variant of %s that is not handled: %j', (name, fields, message) => {
  expect(() => findArchitecture(config(name, fields))).toThrow(message);
});
