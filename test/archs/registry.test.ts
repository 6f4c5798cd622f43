import { ARCHITECTURES, findArchitecture, UnsupportedArchitectureError } from '#src/archs/registry.js';
import { loadConfig } from '#src/config/load-config.js';
import { EXIT, type Hf2ggufError } from '#src/errors.js';

const config = (architecture: string, fields = {}) => loadConfig({ architectures: [architecture], ...fields });

test('no class and no GGUF name stands twice', () => {
  const names = ARCHITECTURES.flatMap(({ classes, gguf }) => [...classes, gguf]);
  expect(new Set(names).size).toBe(names.length);
});

test('each class finds its family', () => {
  for (const architecture of ARCHITECTURES) {
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

describe('an unknown class', () => {
  test.each([
    ['LlamaForCasualLM', {}, 'LlamaForCausalLM', 'llama'],
    ['Qwen3ForCausalML', {}, 'Qwen3ForCausalLM', 'qwen3'],
    ['NoSuchForCausalLM', { model_type: 'qwen3' }, 'Qwen3ForCausalLM', 'qwen3'],
  ])('%s %j', (name, fields, near, arch) => {
    const find = () => findArchitecture(config(name, fields));
    expect(find).toThrow(UnsupportedArchitectureError);
    expect(find).toThrow(`The architecture ${name} is not supported; the nearest one that is, is ${near}.`);
    expect(find).toThrow(`--arch ${arch}`);
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
