import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeTensors } from '../checkpoint/tensors.js';
import { cli, fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';

const tiny = join(fixtures, 'Tiny-Verse-2M');
const [WIDTH, FFN, LAYERS] = [32, 64, 56];

/** A model of 506 small tensors. */
function tensors() {
  const matrix = (name: string, rows: number, columns: number) => ({ name, shape: [rows, columns] });
  const layers = Array.from({ length: LAYERS }, (_, layer) => {
    const p = `model.layers.${layer}.`;
    return [
      ...['q_proj', 'k_proj', 'v_proj', 'o_proj'].map((name) => matrix(`${p}self_attn.${name}.weight`, WIDTH, WIDTH)),
      ...['gate_proj', 'up_proj'].map((name) => matrix(`${p}mlp.${name}.weight`, FFN, WIDTH)),
      matrix(`${p}mlp.down_proj.weight`, WIDTH, FFN),
      ...['input', 'post_attention'].map((name) => ({ name: `${p}${name}_layernorm.weight`, shape: [WIDTH] })),
    ];
  });
  const all = [
    matrix('model.embed_tokens.weight', 1024, WIDTH),
    ...layers.flat(),
    { name: 'model.norm.weight', shape: [WIDTH] },
  ];
  // A file's tensors are read in the order of their names, and so are shards.
  all.sort((a, b) => (a.name < b.name ? -1 : 1));
  return all.map(({ name, shape }, i) => {
    const count = shape.reduce((product, length) => product * length, 1);
    return {
      name,
      shape,
      dtype: 'F32',
      bytes: Buffer.from(Float32Array.from({ length: count }, (_, j) => i + j / 8192).buffer),
    };
  });
}

/** The model in a folder of the same name, in one file or with a file for each tensor. */
function modelIn(folder: string, isSharded: boolean): string {
  const path = join(folder, 'Many-Shards');
  mkdirSync(path, { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    cpSync(join(tiny, name), join(path, name));
  }
  const config = JSON.parse(readFileSync(join(tiny, 'config.json'), 'utf8'));
  const shape = { hidden_size: WIDTH, intermediate_size: FFN, num_hidden_layers: LAYERS, head_dim: WIDTH };
  const heads = { num_attention_heads: 1, num_key_value_heads: 1 };
  writeFileSync(join(path, 'config.json'), JSON.stringify({ ...config, ...shape, ...heads }));
  const all = tensors();
  if (!isSharded) {
    writeTensors(join(path, 'model.safetensors'), all);
    return path;
  }
  const digits = (value: number) => String(value).padStart(5, '0');
  const names = all.map((_, i) => `model-${digits(i + 1)}-of-${digits(all.length)}.safetensors`);
  for (const [i, tensor] of all.entries()) {
    writeTensors(join(path, names[i] as string), [tensor]);
  }
  const index = { weight_map: Object.fromEntries(all.map(({ name }, i) => [name, names[i]])) };
  writeFileSync(join(path, 'model.safetensors.index.json'), JSON.stringify(index));
  return path;
}

/** Runs a command in a shell that first sets a limit of open files. */
function limited(limit: number, args: readonly string[]) {
  const script = `ulimit -n ${limit} && exec "$0" "$@"`;
  const shell = spawnSync('/bin/sh', ['-c', script, process.execPath, cli, ...args, '--jobs', '2'], {
    encoding: 'utf8',
  });
  return { status: shell.status, stderr: shell.stderr };
}

function convert(limit: number, source: string, out: string) {
  return limited(limit, [source, '--outtype', 'f32', '--out', out]);
}

test('a model of more shards than a process may open files converts to the bytes that one file gives', () => {
  const folder = tempFolder();
  const sharded = modelIn(join(folder, 'a'), true);
  const [one, many, few] = ['one', 'many', 'few'].map((name) => join(folder, `${name}.gguf`)) as [
    string,
    string,
    string,
  ];
  expect(convert(1024, modelIn(join(folder, 'b'), false), one)).toMatchObject({ status: 0 });
  expect(convert(256, sharded, many)).toMatchObject({ status: 0 });
  expect(convert(128, sharded, few)).toMatchObject({ status: 0 });
  expect(readFileSync(many).equals(readFileSync(one))).toBe(true);
  expect(readFileSync(few).equals(readFileSync(one))).toBe(true);
}, 60_000);

test('parts that need more files open at once than there may be: the error names the limit, and nothing is left', () => {
  const folder = tempFolder();
  const whole = join(folder, 'whole.gguf');
  expect(convert(1024, tiny, whole)).toMatchObject({ status: 0 });
  const args = ['split', whole, join(folder, 'part'), '--split-max-tensors', '1'];
  const { status, stderr } = limited(36, args);
  expect(stderr).toContain(
    'No more files can be opened: the limit of file descriptors is reached. Raise it with `ulimit -n',
  );
  expect({ status, files: readdirSync(folder) }).toEqual({ status: 6, files: ['whole.gguf'] });
});
