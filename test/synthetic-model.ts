import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Tensor, writeTensors } from './checkpoint/tensors.js';
import { fixtures } from './paths.js';

const tiny = join(fixtures, 'Tiny-Verse-2M');
const VOCABULARY = 1024;

/** Sizes of a model of Llama's architecture with one head. */
export interface Sizes {
  readonly width: number;
  readonly feedForward: number;
  readonly layers: number;
}

/** The tensors of such a model, by name. Each has other values, none of which is near another's. */
function tensorsOf({ width, feedForward, layers }: Sizes): Tensor[] {
  const layer = (number: number): [name: string, shape: number[]][] => {
    const p = `model.layers.${number}.`;
    return [
      ...['q_proj', 'k_proj', 'v_proj', 'o_proj'].map((name): [string, number[]] => [
        `${p}self_attn.${name}.weight`,
        [width, width],
      ]),
      [`${p}mlp.gate_proj.weight`, [feedForward, width]],
      [`${p}mlp.up_proj.weight`, [feedForward, width]],
      [`${p}mlp.down_proj.weight`, [width, feedForward]],
      [`${p}input_layernorm.weight`, [width]],
      [`${p}post_attention_layernorm.weight`, [width]],
    ];
  };
  const all: [string, number[]][] = [
    ['model.embed_tokens.weight', [VOCABULARY, width]],
    ...Array.from({ length: layers }, (_, number) => layer(number)).flat(),
    ['model.norm.weight', [width]],
  ];
  // A file's tensors are read in the order of their names; so shards give the same order.
  all.sort(([a], [b]) => (a < b ? -1 : 1));
  return all.map(([name, shape], i) => {
    const count = shape.reduce((product, length) => product * length, 1);
    const values = Float32Array.from({ length: count }, (_, j) => i + (j % 1000) / 1024);
    return { name, shape, dtype: 'F32', bytes: Buffer.from(values.buffer) };
  });
}

/** Writes a model with the tokenizer of Tiny-Verse-2M, in one file or with a file for each tensor. @returns its folder */
export function syntheticModel(folder: string, sizes: Sizes, isSharded = false): string {
  const path = join(folder, 'Synthetic-Model');
  mkdirSync(path, { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    cpSync(join(tiny, name), join(path, name));
  }
  const { width, feedForward, layers } = sizes;
  const config = JSON.parse(readFileSync(join(tiny, 'config.json'), 'utf8'));
  const shape = { hidden_size: width, intermediate_size: feedForward, num_hidden_layers: layers, head_dim: width };
  const heads = { num_attention_heads: 1, num_key_value_heads: 1 };
  writeFileSync(join(path, 'config.json'), JSON.stringify({ ...config, ...shape, ...heads }));
  const tensors = tensorsOf(sizes);
  if (!isSharded) {
    writeTensors(join(path, 'model.safetensors'), tensors);
    return path;
  }
  const digits = (value: number) => String(value).padStart(5, '0');
  const shardOf = (i: number) => `model-${digits(i + 1)}-of-${digits(tensors.length)}.safetensors`;
  for (const [i, tensor] of tensors.entries()) {
    writeTensors(join(path, shardOf(i)), [tensor]);
  }
  const index = { weight_map: Object.fromEntries(tensors.map(({ name }, i) => [name, shardOf(i)])) };
  writeFileSync(join(path, 'model.safetensors.index.json'), JSON.stringify(index));
  return path;
}
