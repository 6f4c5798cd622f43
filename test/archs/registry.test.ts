import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ARCHITECTURES,
  findArchitecture,
  parseArchitecture,
  UnsupportedArchitectureError,
} from '#src/archs/registry.js';
import { UNSUPPORTED } from '#src/archs/unsupported.js';
import { loadConfig } from '#src/config/load-config.js';
import { EXIT, type Hf2ggufError } from '#src/errors.js';
import { parseJsonObject } from '#src/json.js';
import { dataTest, fixtures } from '../paths.js';
import { corpusRuns } from './corpus.js';
import { known } from './known.js';

const config = (architecture: string, fields = {}) => known(loadConfig({ architectures: [architecture], ...fields }));

const WITHOUT_CONDITION = ARCHITECTURES.filter(({ when }) => when === undefined);

test('no class stands twice, unless a condition tells the families apart', () => {
  const classes = WITHOUT_CONDITION.flatMap((architecture) => architecture.classes);
  expect(new Set(classes).size).toBe(classes.length);
});

test('no class of a family is refused whatever its config says', () => {
  const always = UNSUPPORTED.filter(({ when }) => when === undefined).flatMap(({ classes }) => classes);
  expect(always.length).toBeGreaterThan(0);
  expect(ARCHITECTURES.flatMap(({ classes }) => classes).filter((name) => always.includes(name))).toEqual([]);
});

test('each family has an example', () => {
  for (const { example } of ARCHITECTURES) {
    expect(example).toMatch(/^[\w.-]+\/[\w.-]+$/);
  }
});

dataTest('each family is proven by the corpus, or says that it is unproven', (data) => {
  const runs = [join(data, 'corpus'), join(fixtures, 'corpus')].flatMap(corpusRuns);
  const folders = new Set(runs.map(({ folder }) => folder));
  const proven = new Set(
    [...folders].flatMap((folder) => {
      const path = join(folder, 'config.json');
      const config = existsSync(path) ? loadConfig(parseJsonObject(readFileSync(path, 'utf8'), path)) : undefined;
      return config && isClass(config.architecture) ? [findArchitecture(known(config))] : [];
    }),
  );
  const unsaid = ARCHITECTURES.filter((family) => family.unproven !== true && !proven.has(family));
  expect(unsaid.map(({ classes: [name] }) => name)).toEqual([]);
});

function isClass(name: string): boolean {
  return ARCHITECTURES.some(({ classes }) => classes.includes(name));
}

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

  test.each(['Qwen9ForCausalLM', 'MambaFormerForCausalLM', 'NoSuchModel'])('%s: no other is recommended', (name) => {
    const find = () => findArchitecture(config(name, { model_type: 'qwen3' }));
    expect(find).toThrow(`The architecture ${name} is not supported. hf2gguf archs lists`);
    expect(find).not.toThrow('--arch');
  });

  test('--arch with another name: what was meant', () => {
    const llama = config('LlamaForCausalLM');
    expect(findArchitecture(llama, 'qwen3-for-causal-lm').gguf).toBe('qwen3');
    expect(() => findArchitecture(llama, 'quen3')).toThrow(
      '--arch quen3 is no class of models that is supported. Did you mean qwen3',
    );
  });

  test.each([
    ['llama', 'LlamaForCausalLM'],
    ['qwen35', 'Qwen3_5ForConditionalGeneration'],
    ['dflash', 'DFlashDraftModel'],
    ['granitehybrid', 'GraniteMoeHybridForCausalLM'],
  ])('--arch %s, a name that several families have in GGUF, means the one that is called so', (name, own) => {
    expect(parseArchitecture(name).classes).toContain(own);
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
