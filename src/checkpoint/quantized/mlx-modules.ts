import { concat, reshape, transpose } from '../../tensor/build.js';
import type { TensorExpr } from '../../tensor/expr.js';
import { shapeOf } from '../../tensor/rows.js';
import type { PlainTensors } from './plain-tensors.js';

/** Tensors that mlx-lm makes of one of the Hub's. */
interface Restored {
  /** The `model_type` of config.json; all without. */
  readonly models?: readonly string[];
  /** What the names of mlx-lm's end with. */
  readonly from: readonly [string, ...string[]];
  readonly to: string;
  readonly join: (parts: readonly TensorExpr[]) => TensorExpr;
}

const GRANITE = ['granitemoe', 'granitemoeshared', 'granitemoehybrid'];
const GPT_OSS = ['gpt_oss'];
const only = ([part]: readonly TensorExpr[]): TensorExpr => part as TensorExpr;

/** Facts: `sanitize` in mlx_lm/models/deepseek_v3.py, granitemoe.py, granitemoehybrid.py and gpt_oss.py. */
const RESTORED: readonly Restored[] = [
  {
    from: ['.embed_q.weight', '.unembed_out.weight'],
    to: '.kv_b_proj.weight',
    join: ([keys, values]) => {
      const heads = concat([transpose(keys as TensorExpr, 1, 2), values as TensorExpr], 1);
      const [count = 0, rows = 0, rank = 0] = shapeOf(heads);
      return reshape(heads, [count * rows, rank]);
    },
  },
  {
    models: GRANITE,
    from: ['.block_sparse_moe.switch_mlp.gate_proj.weight', '.block_sparse_moe.switch_mlp.up_proj.weight'],
    to: '.block_sparse_moe.input_linear.weight',
    join: (parts) => concat(parts, 1),
  },
  {
    models: GRANITE,
    from: ['.block_sparse_moe.switch_mlp.down_proj.weight'],
    to: '.block_sparse_moe.output_linear.weight',
    join: only,
  },
  {
    models: ['granitemoehybrid'],
    from: ['.mlp.gate_proj.weight', '.mlp.up_proj.weight'],
    to: '.shared_mlp.input_linear.weight',
    join: (parts) => concat(parts, 0),
  },
  {
    models: ['granitemoehybrid'],
    from: ['.mlp.down_proj.weight'],
    to: '.shared_mlp.output_linear.weight',
    join: only,
  },
  {
    models: GPT_OSS,
    from: ['.experts.gate_proj.weight', '.experts.up_proj.weight'],
    to: '.experts.gate_up_proj',
    join: (parts) => transpose(inTurn(parts), 1, 2),
  },
  {
    models: GPT_OSS,
    from: ['.experts.gate_proj.bias', '.experts.up_proj.bias'],
    to: '.experts.gate_up_proj_bias',
    join: inTurn,
  },
  {
    models: GPT_OSS,
    from: ['.experts.down_proj.weight'],
    to: '.experts.down_proj',
    join: (parts) => transpose(only(parts), 1, 2),
  },
  { models: GPT_OSS, from: ['.experts.down_proj.bias'], to: '.experts.down_proj_bias', join: only },
];

/** Slices along the second dimension, one of each part in turn. */
function inTurn(parts: readonly TensorExpr[]): TensorExpr {
  const [experts = 0, rows = 0, ...rest] = shapeOf(only(parts));
  const apart = parts.map((part) => reshape(part, [experts, rows, 1, ...rest]));
  return reshape(concat(apart, 2), [experts, rows * parts.length, ...rest]);
}

/** What is one of several parts of a tensor of the Hub's, by its name. */
export type PartOf = (name: string) => boolean;

/** The tensors of a model whose values mlx-lm joins or cuts otherwise than the Hub. */
export function partsIn(model: unknown): PartOf {
  const ends = rulesFor(model).flatMap(({ from }) => from);
  return (name) => ends.some((end) => name.endsWith(end));
}

/**
 * Puts the Hub's tensors in the places of decoded parts. @returns whether there are any
 * @throws RangeError where the shapes of parts do not fit, QuantizedTensorError where one is missing
 */
export function restoreParts(tensors: PlainTensors, model: unknown): boolean {
  const kept = new Map(tensors.all().map(({ name, kept: how }) => [name, how]));
  let isRestored = false;
  for (const { from, to, join } of rulesFor(model)) {
    for (const first of tensors.names().filter((name) => name.endsWith(from[0]))) {
      const module = first.slice(0, -from[0].length);
      const names = from.map((end) => module + end);
      tensors.set(module + to, join(names.map((name) => tensors.get(name))), kept.get(first));
      tensors.drop(...names);
      isRestored = true;
    }
  }
  return isRestored;
}

function rulesFor(model: unknown): readonly Restored[] {
  return RESTORED.filter(({ models }) => !models || models.some((each) => each === model));
}
