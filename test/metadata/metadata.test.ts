import { readFileSync } from 'node:fs';
import { KeyValues } from '#src/gguf/key-values.js';
import type { JsonObject } from '#src/json.js';
import { outputName } from '#src/metadata/file-name.js';
import { loadMetadata } from '#src/metadata/load.js';
import { writeMetadata } from '#src/metadata/metadata.js';
import { countParameters, NO_PARAMETERS } from '#src/metadata/size-label.js';
import { filesOf } from './files.js';
import { recordOf } from './record.js';

interface Case {
  readonly note: string;
  readonly folder: string;
  readonly files: Readonly<Record<string, string>>;
  readonly tensors: readonly (readonly [name: string, shape: readonly number[]])[];
  readonly modelName?: string;
  readonly overrides?: JsonObject;
  readonly expected: { readonly name: string; readonly kv: readonly (readonly [string, string, unknown])[] };
}

const cases: readonly Case[] = JSON.parse(readFileSync('test/fixtures/metadata/cases.json', 'utf8'));

describe('general.* and the file name, as the reference derives them', () => {
  test.each(cases.map((item) => [`${item.note}: ${item.folder}`, item] as const))('%s', async (_note, item) => {
    const { files, tensors, folder, expected, modelName, overrides } = item;
    const parameterCounts = countParameters(tensors.map(([name, shape]) => ({ name, shape })));
    const metadata = await loadMetadata({
      files: filesOf(files),
      folderName: folder,
      parameterCounts,
      ...(modelName !== undefined && { modelName }),
      ...(overrides && { overrides }),
    });
    const kv = new KeyValues();
    writeMetadata(metadata, kv);
    const name = outputName(metadata, 'BF16', parameterCounts.total < 0 ? 'lora' : 'model');
    expect({ name, kv: recordOf(kv) }).toEqual(expected);
  });
});

describe('where the reference stops', () => {
  async function load(files: Readonly<Record<string, string>>, overrides: JsonObject = {}) {
    const warnings: string[] = [];
    const metadata = await loadMetadata({
      files: filesOf(files),
      folderName: 'Foo-7B',
      overrides,
      parameterCounts: NO_PARAMETERS,
      warn: (message) => warnings.push(message),
    });
    const kv = new KeyValues();
    writeMetadata(metadata, kv);
    const values = Object.fromEntries(recordOf(kv).map(([key, , value]) => [key, value]));
    return { values, warnings };
  }
  const card = (yaml: string) => ({ 'README.md': `---\n${yaml}\n---\n` });

  test('a base model may be a path: an absolute one has an empty organization, and an address', async () => {
    const { values } = await load(card('base_model: [/workspace/models/foo-7b, ./foo-7b]'));
    expect(values).toEqual(
      expect.objectContaining({
        'general.base_model.0.name': 'Workspace/Models/Foo 7b',
        'general.base_model.0.repo_url': 'https://huggingface.co//workspace/models/foo-7b',
        'general.base_model.1.name': 'Foo 7b',
      }),
    );
    expect(values).not.toHaveProperty(['general.base_model.0.organization']);
    expect(values).not.toHaveProperty(['general.base_model.1.repo_url']);
  });

  test('a number, date or version keeps its text', async () => {
    const { values } = await load(card('version: 1.10\nauthor: 2024-01-01\ndescription: 0x1F'));
    expect(values).toMatchObject({
      'general.version': '1.10',
      'general.author': '2024-01-01',
      'general.description': '0x1F',
    });
  });

  test('tags of several kinds become strings, without what is no text', async () => {
    const { values } = await load(card('tags: [a, 1, no, null, 2.50, [x]]'));
    expect(values['general.tags']).toEqual(['a', '1', 'no', '2.50']);
  });

  test.each([
    ['a colon in a value', 'license: mit\nauthor: a: b', /line 2/],
    ['an unclosed quote', 'license: "mit\nlanguage: en', /not valid YAML/],
    ['a second document', 'license: mit\n--- \na: b', /more than one document/],
    ['a tag of its own', 'license: !x mit', /not valid YAML/],
    ['a list', '- license\n- mit', /no mapping/],
    ['collections in collections without end', `a: ${'['.repeat(5000)}`, /not valid YAML/],
  ])('a model card with %s is left out with a warning', async (_what, yaml, warning) => {
    const { values, warnings } = await load(card(yaml));
    expect(values).toEqual({
      'general.type': 'model',
      'general.name': 'Foo 7B',
      'general.size_label': '7B',
      'general.basename': 'Foo',
    });
    expect(warnings).toEqual([expect.stringMatching(warning)]);
    expect(warnings[0]).toContain('README.md');
  });

  test('a name that is a list is left out with a warning', async () => {
    const { values, warnings } = await load(card('name: [a, b]'));
    expect(values['general.name']).toBe('Foo 7B');
    expect(warnings).toEqual([expect.stringContaining('"name"')]);
  });

  test('sampling values of the wrong type or size are left out with a warning', async () => {
    const { values, warnings } = await load({
      'generation_config.json': '{"top_k": "50", "top_p": 0.5, "min_p": 1e300, "mirostat": 1099511627776}',
    });
    expect(values['general.sampling.top_p']).toBe(0.5);
    expect(Object.keys(values).filter((key) => key.startsWith('general.sampling'))).toHaveLength(1);
    expect(warnings).toHaveLength(3);
  });

  test('overrides of the wrong type are left out with a warning', async () => {
    const { values, warnings } = await load(card('license: mit'), {
      'general.name': ['x'],
      'general.tags': 'x',
      'general.sampling.top_k': 1.5,
      'general.base_models': {},
    });
    expect(values).toMatchObject({ 'general.license': 'mit', 'general.name': 'Foo 7B' });
    expect(warnings).toHaveLength(4);
  });

  test('aliases to aliases cost no memory', async () => {
    const levels = Array.from({ length: 60 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`);
    const { values } = await load(card(`a0: &a0 [x]\n${levels.join('\n')}\ntags: *a60\nlicense: mit`));
    expect(values['general.license']).toBe('mit');
  });

  test('a long flow list that is not indented', async () => {
    const tags = Array.from({ length: 2000 }, (_, i) => `tag${i}`);
    const { values } = await load(card(`license: mit\ntags: [\n${tags.join(',\n')}\n]`));
    expect(values['general.tags']).toMatchObject({ length: 2000 });
  });
});
