import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plan } from '#src/calls/convert.js';
import { Hf2ggufError } from '#src/errors.js';
import { tempFolder } from '../temp.js';
import { TinyCopy } from './tiny-copy.js';

const MEMBERS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

/** Plans a conversion; what keeps it from being planned has to be an error of the project's own. */
async function planned({ folder }: TinyCopy): Promise<string> {
  try {
    const { files } = await plan({ source: folder, output: tempFolder(), quant: 'q4_k_m' });
    return files.map(({ name }) => name).join();
  } catch (error) {
    if (!(error instanceof Hf2ggufError)) {
      throw error;
    }
    return error.name;
  }
}

/** Puts a text where a value or a key of a JSON file is. The text stays as it is: `__proto__` becomes a key of its own. */
function replaced(copy: TinyCopy, file: string, pattern: RegExp, text: string): TinyCopy {
  const path = join(copy.folder, file);
  const before = readFileSync(path, 'utf8');
  const after = before.replace(pattern, () => text);
  expect(after).not.toBe(before);
  writeFileSync(path, after);
  return copy;
}

/** Puts fields into an object, in front of those that it has. */
const withFields = (copy: TinyCopy, file: string, text: string) => replaced(copy, file, /\{/, `{${text},`);

/** Takes a field out of config.json, so that one put in front of the others counts. */
const without = (copy: TinyCopy, field = '') =>
  copy.json('config.json', (content) => {
    delete content[field];
  });

afterEach(() => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
});

describe.each(MEMBERS)('%s, in whatever names something', (name) => {
  const json = JSON.stringify(name);

  test.each([
    `"architectures": [${json}]`,
    `"model_type": ${json}`,
    `"hidden_act": ${json}`,
    `"torch_dtype": ${json}`,
    `"dtype": ${json}`,
    `"tokenizer_class": ${json}`,
    `"rope_scaling": {"type": ${json}, "factor": 2.0}`,
    `"rope_parameters": {"rope_type": ${json}, ${json}: {"rope_theta": 1}}`,
    `"layer_types": [${json}]`,
    `"text_config": {"model_type": ${json}, "architectures": [${json}]}`,
    `"quantization_config": {"quant_method": ${json}, "format": ${json}, "quant_algo": ${json}}`,
    `"_name_or_path": ${json}`,
    `${json}: {"polluted": true}`,
  ])('config.json: %s', async (fields) => {
    const copy = without(new TinyCopy(), fields.split('"')[1]);
    await planned(withFields(copy, 'config.json', fields));
  });

  test.each([
    `"tokenizer_class": ${json}`,
    `"bos_token": ${json}`,
    `"eos_token": {"content": ${json}}`,
    `"additional_special_tokens": [${json}]`,
    `"extra_special_tokens": {${json}: ${json}}`,
    `"added_tokens_decoder": {${json}: {"content": ${json}}}`,
    `"added_tokens_decoder": {"5": {"content": ${json}}}`,
    `"chat_template": [{"name": ${json}, "template": "{{ ${name} }}{{ messages.${name} }}"}]`,
    `${json}: {"polluted": true}`,
  ])('tokenizer_config.json: %s', async (fields) => {
    const copy = new TinyCopy();
    writeFileSync(join(copy.folder, 'tokenizer_config.json'), `{${fields}}`);
    await planned(copy);
  });

  test.each(['normalizer', 'pre_tokenizer', 'post_processor', 'decoder', 'model'])(
    'tokenizer.json: %s',
    async (part) => {
      const copy = new TinyCopy();
      copy.json('tokenizer.json', (content) => {
        content[part] = { ...(content[part] as object), type: name };
      });
      expect(await planned(copy)).toMatch(/Error$/);
    },
  );

  test('tokens and merges', async () => {
    const copy = replaced(new TinyCopy(), 'tokenizer.json', /"vocab":\s*\{/, `"vocab": {${json}: 5, `);
    await planned(
      replaced(copy, 'tokenizer.json', /"added_tokens":\s*\[/, `"added_tokens": [{"id": 5, "content": ${json}},`),
    );
  });

  test("tensors' names and dtypes, and the index of shards", async () => {
    const dtypes = new TinyCopy().tensors((tensor) => ({ ...tensor, dtype: name }));
    expect(await planned(dtypes)).toBe('UnknownDTypeError');
    const named = new TinyCopy().tensors((tensor) =>
      tensor.name === 'model.norm.weight' ? { ...tensor, name } : tensor,
    );
    expect(await planned(named)).toMatch(/Error$/);
    const other = new TinyCopy();
    writeFileSync(join(other.folder, 'model.safetensors.index.json'), `{"weight_map": {${json}: ${json}}}`);
    expect(await planned(other)).toBe('ShardIndexError');
  });

  test('the model card, generation_config.json and modules.json', async () => {
    const copy = new TinyCopy();
    const fields = ['name', 'license', 'pipeline_tag', 'language', 'tags', 'base_model', 'model_type', name];
    writeFileSync(join(copy.folder, 'README.md'), `---\n${fields.map((field) => `${field}: ${name}\n`).join('')}---\n`);
    writeFileSync(join(copy.folder, 'generation_config.json'), `{${json}: {"polluted": true}, "temperature": ${json}}`);
    writeFileSync(join(copy.folder, 'modules.json'), `[{"type": "x.Pooling", "path": ${json}}]`);
    expect(await planned(copy)).toContain('.gguf');
    writeFileSync(join(copy.folder, 'README.md'), `---\nname: !!int ${name}\ntags: [!!float ${name}]\n---\n`);
    expect(await planned(copy)).toContain('.gguf');
  });
});

test('objects that cannot become text or a number, where one is wanted', async () => {
  const value = '{"toString": 1, "valueOf": 1, "toJSON": 1}';
  const fields = ['model_type', 'vocab_size', 'bos_token_id', 'num_experts', 'hidden_act', 'rope_theta', 'torch_dtype'];
  for (const field of fields) {
    await planned(withFields(without(new TinyCopy(), field), 'config.json', `"${field}": ${value}`));
  }
  const copy = new TinyCopy();
  await planned(withFields(copy, 'tokenizer_config.json', `"tokenizer_class": ${value}, "add_bos_token": ${value}`));
});
