import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArchitectureFile } from '#src/archs/arch-file.js';
import type { Architecture } from '#src/archs/architecture.js';
import { ARCHITECTURES, findArchitecture } from '#src/archs/registry.js';
import { loadConfig } from '#src/config/load-config.js';
import type { JsonObject } from '#src/json.js';
import { run, sha256 } from '../calls/records.js';
import { tempFolder } from '../temp.js';
import { readJson } from './corpus.js';
import { known } from './known.js';

const data = process.env.HF2GGUF_DATA;
const fixtures = join(import.meta.dirname, '../../../test/fixtures/corpus');

const print = (architecture: Architecture) => JSON.stringify(architecture, null, 2);

test.each(ARCHITECTURES.map((architecture) => [architecture.gguf, architecture] as const))(
  '%s is read as it is printed',
  (_, architecture) => {
    expect(parseArchitectureFile(print(architecture), 'own.json')).toEqual(architecture);
  },
);

describe('what is wrong is named by its field', () => {
  const [llama] = ARCHITECTURES as [Architecture];
  const [row] = llama.tensors;
  const key = llama.keys[0] as Architecture['keys'][number];

  test.each<[string, object, RegExp]>([
    ['a field that is missing', { gguf: undefined }, /own\.json describes no family of models: gguf: /],
    ['a field that there is not', { tensorz: [] }, /: tensorz: there is no such field/],
    ['no class', { classes: [] }, /: classes: /],
    ['a name in GGUF that is none', { gguf: 'a/b' }, /: gguf: is no name of an architecture/],
    ['a type of key', { keys: [key, ['{arch}.x', 'u33', { fields: ['x'] }]] }, /: keys\[1\]\[1\]: .*"u32"/],
    ['a derivation', { keys: [['{arch}.x', 'u32', { derive: 'nothing' }]] }, /: keys\[0\]\[2\]\.derive: .*"head_dim"/],
    ['a condition', { when: { all: [{ field: 'x', is: {} }] } }, /: when\.all\[0\]\.is: /],
    ['a transform', { tensors: [row, { ...row, via: [['twist', 1]] }] }, /: tensors\[1\]\.via\[0\]\[0\]: .*"rotary"/],
    ['a count', { tensors: [{ ...row, each: 'sheep' }] }, /: tensors\[0\]\.each: .*"expert_count"/],
    ['a rule without a name', { tensors: [{ to: 'output.*' }] }, /: tensors\[0\]: needs either "from" or "all"/],
    ['a block from nowhere', { tensors: [{ from: ['x.*'], to: 'blk.{b}.x.*' }] }, /: tensors\[0\]: has \{b\} in "to"/],
    ['numbers from nowhere', { tensors: [{ ...row, each: 'expert_count' }] }, /: tensors\[0\]: "each" needs \{x\}/],
    ['a kind of tokenizer', { tokenizer: { kinds: ['runes'] } }, /: tokenizer\.kinds\[0\]: .*"sentencepiece"/],
  ])('%s', (_, change, message) => {
    expect(() => parseArchitectureFile(JSON.stringify({ ...llama, ...change }), 'own.json')).toThrow(message);
  });

  test('no JSON', () => {
    expect(() => parseArchitectureFile('{', 'own.json')).toThrow(/own\.json/);
  });
});

/** Cases of the corpus, by family. */
const CASES = { llama: 'llama', mistral3: 'ministral3', qwen2: 'qwen2', qwen3: 'qwen3', smollm3: 'smollm3' };

/** A case's repository in a folder of its name, its class and that of its family renamed. */
function renamed(folder: string, repo: string, { classes, ...rest }: Architecture) {
  const copy = join(tempFolder(), repo);
  cpSync(folder, copy, { recursive: true });
  const path = join(copy, 'config.json');
  const text = readFileSync(path, 'utf8');
  const [found] = classes.filter((name) => text.includes(`"${name}"`)).sort((a, b) => b.length - a.length);
  writeFileSync(path, text.replace(`"${found}"`, '"RenamedForCausalLM"'));
  const archFile = join(tempFolder(), 'family.json');
  writeFileSync(
    archFile,
    print({ ...rest, classes: classes.map((name) => (name === found ? 'RenamedForCausalLM' : name)) }),
  );
  return { copy, archFile };
}

describe.each(Object.entries(CASES))('%s', (gguf, name) => {
  const found = [fixtures, ...(data ? [join(data, 'corpus')] : [])].find((corpus) => existsSync(join(corpus, name)));
  if (!found) {
    test.skip('skipped: HF2GGUF_DATA is not set', () => {});
    return;
  }
  const { repo } = readJson(join(found, name, 'case.json')) as { repo: string };
  const folder = join(found, name, 'source', repo);
  const architecture = findArchitecture(known(loadConfig(readJson(join(folder, 'config.json')) as JsonObject)));

  test('the case is of the family', () => {
    expect(architecture.gguf).toBe(gguf);
  });

  test('--arch-file with the printed form, its class renamed, converts a renamed repository to the identical file', async () => {
    const { copy, archFile } = renamed(folder, repo, architecture);
    const original = await run({ source: folder, output: tempFolder() });
    const own = await run({ source: copy, archFile, output: tempFolder() });
    expect(sha256(own.result.files[0]?.path ?? '')).toBe(sha256(original.result.files[0]?.path ?? '?'));
  });

  test('the renamed class is known by the file alone', async () => {
    const { copy, archFile } = renamed(folder, repo, architecture);
    await expect(run({ source: copy, output: tempFolder() })).rejects.toThrow(/RenamedForCausalLM is not supported/);
    await expect(run({ source: folder, archFile, output: tempFolder() })).rejects.toThrow(
      /describes .*RenamedForCausalLM.* is another/,
    );
  });
});
