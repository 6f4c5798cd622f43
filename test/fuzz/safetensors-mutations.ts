import { isObject, type Json, type JsonObject, parseJson } from '#src/json.js';
import { bytesOf, DTYPE_BYTES, type DType } from '#src/tensor/dtype.js';
import { elementCount } from '#src/tensor/expr.js';
import type { Dice } from './dice.js';
import { mutateBytes } from './gguf-mutations.js';
import type { Model } from './safetensors-models.js';

/** Checkpoints of safetensors with one to three changes: of config.json, of tensors, of the header, or of any bytes. */

/** An entry of the header, and the bytes that follow those of the others. */
interface Tensor {
  name: string;
  dtype: string;
  shape: readonly Json[];
  bytes: Buffer;
  /** Says other offsets than those where the bytes are. */
  offsets?: readonly Json[];
  /** What JSON is in the bytes. */
  state?: Json;
}

interface Draft {
  config: JsonObject;
  tensors: Tensor[];
}

const DTYPES = Object.keys(DTYPE_BYTES) as DType[];
/** Bytes that are made for a changed shape; a larger one lies. */
const MAX_BYTES = 2 ** 16;

const VALUES: readonly Json[] = [
  ...[null, true, false, '', 'x', '4', [], {}, [1], [[1]], { bits: 4 }, [0, 0], [1, 1, 1, 1, 1]],
  ...[0, -1, 1, 2, 3, 4, 5, 7, 8, 16, 32, 33, 63, 64, 128, 0.5, -0.5, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 1e308],
  ...['gptq', 'gptq_v2', 'awq', 'gemv', 'fp8', 'bitsandbytes', 'hqq', 'compressed-tensors', 'modelopt', 'mxfp4'],
  ...['float16', 'bfloat16', 'float32', 'nvfp4-pack-quantized', 'pack-quantized', 'NVFP4', 'affine', 'mxfp8', 'nvfp4'],
  ...['bitnet', 'auto-round', 'fbgemm_fp8', 'marlin-24', 'group', 'channel', 'tensor', '__proto__', '128x128', '0x0'],
];

function anyJson(dice: Dice): Json {
  return dice.chance(0.8) ? dice.pick(VALUES) : Number(BigInt.asIntN(64, dice.whole()));
}

/** One value somewhere within is another, is missing or has another name. */
function changedJson(value: Json, dice: Dice): Json {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  if (keys.length === 0 || dice.chance(0.1)) {
    return anyJson(dice);
  }
  const key = dice.pick(keys);
  if (Array.isArray(value)) {
    const at = Number(key);
    return dice.pick<() => Json[]>([
      () => value.with(at, changedJson(value[at] ?? null, dice)),
      () => value.with(at, changedJson(value[at] ?? null, dice)),
      () => value.toSpliced(at, 1),
      () => value.toSpliced(at, 0, anyJson(dice)),
    ])();
  }
  const { [key]: own = null, ...others } = isObject(value) ? value : {};
  return dice.pick<() => JsonObject>([
    () => ({ ...others, [key]: changedJson(own, dice) }),
    () => ({ ...others, [key]: changedJson(own, dice) }),
    () => ({ ...others, [key]: changedJson(own, dice) }),
    () => others,
    () => ({ ...others, [dice.pick(keys)]: own }),
  ])();
}

function changedObject(value: JsonObject, dice: Dice): JsonObject {
  const changed = changedJson(value, dice);
  return isObject(changed) ? changed : { quantization_config: changed };
}

/** Whether a tensor's own shape and dtype have a size that is worth making. */
function sizeOf({ dtype, shape }: Tensor): number | undefined {
  const sizes = shape.filter((size) => Number.isSafeInteger(size) && Number(size) >= 0) as number[];
  const bytes = Object.hasOwn(DTYPE_BYTES, dtype) ? bytesOf(dtype as DType, elementCount(sizes)) : Number.NaN;
  return sizes.length === shape.length && bytes <= MAX_BYTES ? bytes : undefined;
}

/** As many bytes as shape and dtype ask for, those there are again and again. */
function refill(tensor: Tensor): void {
  const size = sizeOf(tensor);
  if (size !== undefined && size !== tensor.bytes.length) {
    const old = tensor.bytes.length > 0 ? tensor.bytes : Buffer.of(1);
    tensor.bytes = Buffer.from(Uint8Array.from({ length: size }, (_, i) => old[i % old.length] ?? 0));
  }
}

type Change = (draft: Draft, tensor: Tensor, dice: Dice) => void;

/** Shapes, dtypes and names, with the bytes that fit them; contents; which tensors there are. */
const CHANGES: readonly Change[] = [
  (draft, _, dice) => {
    draft.config = changedObject(draft.config, dice);
  },
  (draft, _, dice) => {
    draft.config = changedObject(draft.config, dice);
  },
  (_, tensor, dice) => {
    tensor.dtype = dice.pick(DTYPES);
    refill(tensor);
  },
  (_, tensor, dice) => {
    const at = dice.below(tensor.shape.length);
    const size = Number(tensor.shape[at] ?? 1);
    tensor.shape = tensor.shape.toSpliced(at, 1, dice.pick([0, 1, size - 1, size + 1, 2 * size, size / 2, 4 * size]));
    refill(tensor);
  },
  (_, tensor, dice) => {
    tensor.shape = dice.pick<() => readonly Json[]>([
      () => tensor.shape.toReversed(),
      () => [1, ...tensor.shape],
      () => [...tensor.shape, 1],
      () => tensor.shape.slice(1),
      () => tensor.shape.slice(0, -1),
      () => [],
      () => [0, dice.pick([2 ** 20, 2 ** 31, 2 ** 50])],
      () => [dice.pick([2 ** 20, 2 ** 31, 2 ** 50]), 0],
    ])();
    refill(tensor);
  },
  (_, tensor, dice) => {
    tensor.bytes = dice.bytes(tensor.bytes.length);
  },
  changeContent,
  changeContent,
  ({ tensors }, tensor) => {
    tensors.splice(tensors.indexOf(tensor), 1);
  },
  ({ tensors }, tensor, dice) => {
    Object.assign(tensor, { ...dice.pick(tensors), name: tensor.name });
  },
  ({ tensors }, tensor, dice) => {
    const other = dice.pick(tensors).name;
    tensor.name = dice.pick([other, `x.${tensor.name}`, `${tensor.name}_scale`, '__proto__', '', `n${other.slice(1)}`]);
  },
];

/** Numbers or JSON within a tensor. */
function changeContent(_: Draft, tensor: Tensor, dice: Dice): void {
  if (tensor.state !== undefined) {
    tensor.state = changedJson(tensor.state, dice);
    tensor.bytes = Buffer.from(dice.chance(0.9) ? JSON.stringify(tensor.state) : '{');
    tensor.shape = [tensor.bytes.length];
    return;
  }
  const size = Math.min(tensor.bytes.length, DTYPE_BYTES[tensor.dtype as DType] ?? 1);
  const at = size * dice.below(Math.max(1, Math.floor(tensor.bytes.length / Math.max(size, 1))));
  const value = Buffer.alloc(8);
  if (tensor.dtype === 'F32') {
    value.writeFloatLE(dice.float());
  } else {
    value.writeBigUInt64LE(dice.whole());
  }
  tensor.bytes = Buffer.from(tensor.bytes);
  value.copy(tensor.bytes, at, 0, size);
}

/** What the header says and is not so. */
const LIES: readonly Change[] = [
  (_, tensor, dice) => {
    tensor.offsets = dice.pick<() => readonly Json[]>([
      () => [0, tensor.bytes.length],
      () => [-1, tensor.bytes.length - 1],
      () => [0.5, tensor.bytes.length + 0.5],
      () => [Number(dice.whole()), Number(dice.whole())],
      () => [2 ** 53 - 1 - tensor.bytes.length, 2 ** 53 - 1],
      () => [tensor.bytes.length],
      () => [],
      () => [anyJson(dice), anyJson(dice)],
    ])();
  },
  (_, tensor, dice) => {
    tensor.shape = tensor.shape.toSpliced(dice.below(tensor.shape.length), 1, anyJson(dice));
  },
  (_, tensor, dice) => {
    tensor.dtype = dice.pick(['F4', 'F64', 'f32', '', 'toString', 'BOOL', 'I4', 'F8_E8M0', 'C64']);
  },
  (_, tensor, dice) => {
    tensor.bytes = tensor.bytes.subarray(dice.below(tensor.bytes.length + 1));
  },
  ({ tensors }, tensor, dice) => {
    tensors.push({ ...tensor, name: dice.pick([tensor.name, '__metadata__', '']) });
  },
];

/** The file; names may be there twice. */
function safetensors(tensors: readonly Tensor[]): Buffer {
  let at = 0;
  const entries = tensors.map(({ name, dtype, shape, bytes, offsets }) => {
    const own = [at, at + bytes.length];
    at += bytes.length;
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: offsets ?? own })}`;
  });
  const json = Buffer.from(`{${entries.join(',')}}`);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...tensors.map(({ bytes }) => bytes)]);
}

/** @param lies the share of changes that the header is about. */
export function mutateModel(model: Model, lies: number, dice: Dice, knowsFormat: boolean): Record<string, Buffer> {
  const draft: Draft = {
    config: model.config,
    tensors: Object.entries(model.parts).map(([name, { dtype, shape, bytes }]) => ({
      ...{ name, dtype, shape, bytes: Buffer.from(bytes) },
      ...(name.includes('quant_state') && { state: parseJson(Buffer.from(bytes).toString(), name) }),
    })),
  };
  for (let changes = knowsFormat ? dice.below(4) : 0; changes > 0 && draft.tensors.length > 0; changes--) {
    dice.pick(dice.chance(lies) ? LIES : CHANGES)(draft, dice.pick(draft.tensors), dice);
  }
  const config = Buffer.from(JSON.stringify(draft.config));
  const file = safetensors(draft.tensors);
  if (knowsFormat) {
    return { 'config.json': config, 'model.safetensors': file };
  }
  const header = lies > 0.5 ? 8 + Number(file.readBigUInt64LE()) : file.length;
  return { 'config.json': config, 'model.safetensors': mutateBytes({ bytes: file, header }, dice) };
}
