import type { JsonObject } from '../../json.js';
import { cast, concat, split } from '../../tensor/build.js';
import { shapeOf } from '../../tensor/rows.js';
import type { Declared } from './method.js';
import { computedOnce } from './packed-codes.js';
import { type PlainTensors, QuantizedTensorError } from './plain-tensors.js';
import { checkDType, perElement, scaled } from './scales.js';

const QKV = /^model\.layers\.(\d+)\.self_attn\.qkv_proj\.weight$/;
/** The numbers of shards that releases have. */
const SHARDS = [8, 4];
const BLOCK = 128;

/**
 * The fused attention of MiMo V2.5 in 8-bit floats: rows are in shards [Q | K | V], and each shard's blocks of scales begin
 * with it, the last one being smaller. Puts values in the order Q, K, V of all in its place.
 * Facts: `_tp_aware_qkv_dequant` in conversion/mimo.py.
 * @returns whether the weight is such a one.
 * @throws QuantizedTensorError
 */
export function decodeShards(
  tensors: PlainTensors,
  weight: string,
  scale: string,
  declared: Declared,
  toQ8: boolean,
): boolean {
  const layer = declared.family === 'mimo2' ? QKV.exec(weight)?.[1] : undefined;
  if (layer === undefined) {
    return false;
  }
  const [codes, factors] = [tensors.get(weight), tensors.get(scale)];
  checkDType(weight, codes, 'F8_E4M3', 'F8_E5M2');
  checkDType(scale, factors, 'F32', 'BF16', 'F16');
  const sizes = sizesOf(declared.hparams, Number(layer));
  const [rows = 0] = shapeOf(codes);
  const [scaleRows = 0] = shapeOf(factors);
  if (rows !== sizes.reduce((sum, size) => sum + size, 0) || shapeOf(factors).length !== 2) {
    throw new QuantizedTensorError(
      `Tensor ${weight} has ${rows} rows; the heads of config.json are ${sizes.join(' + ')}.`,
    );
  }
  const shards = SHARDS.find((count) => {
    return sizes.every((size) => size % count === 0) && scaleRows === count * Math.ceil(rows / count / BLOCK);
  });
  if (shards === undefined) {
    return false;
  }
  const evenly = (total: number) => new Array<number>(shards).fill(total / shards);
  const values = computedOnce(cast(factors, 'F32'));
  const scalesOf = split(values, 0, evenly(scaleRows));
  const decoded = split(codes, 0, evenly(rows)).map((shard, i) => {
    const each = perElement(scalesOf[i] ?? values, shapeOf(shard), [BLOCK, BLOCK], weight);
    return split(
      scaled(shard, each),
      0,
      sizes.map((size) => size / shards),
    );
  });
  const fused = concat(
    sizes.flatMap((_, part) => decoded.flatMap((parts) => parts[part] ?? [])),
    0,
  );
  tensors.set(weight, fused, 'FP8', toQ8 ? 'Q8_0' : undefined);
  return true;
}

/** Rows of Q, K and V. */
function sizesOf(hparams: JsonObject, layer: number): [q: number, k: number, v: number] {
  const { hybrid_layer_pattern: pattern, num_hidden_layers: layers } = hparams;
  const isWindowed = layer >= Number(layers) || (Array.isArray(pattern) && pattern[layer] === 1);
  const heads = Number(hparams[isWindowed ? 'swa_num_key_value_heads' : 'num_key_value_heads']);
  const [head, value] = [Number(hparams.head_dim), Number(hparams.v_head_dim)];
  return [Number(hparams.num_attention_heads) * head, heads * head, heads * value];
}
