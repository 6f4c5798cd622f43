import { GGML_TYPES, VALUE_TYPES } from '#src/gguf/types.js';
import { text, u64 } from '../gguf/byte-file.js';
import type { Dice } from './dice.js';
import { type Draft, encodeDraft, type Key, layOut } from './gguf-models.js';

type Change<Subject> = (subject: Subject, dice: Dice) => void;

/** Bytes of a value of each type; strings and arrays apart. */
const VALUE_BYTES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const { f32, string, array, f64 } = VALUE_TYPES;
/** Key-values that graphs, vocabularies and readers know. */
const KEYS = [
  ...['general.alignment', 'general.architecture', 'general.file_type', 'general.quantization_version'],
  ...['split.no', 'split.count', 'split.tensors.count'],
  ...['model', 'pre', 'tokens', 'scores', 'token_type', 'merges', 'bos_token_id', 'eos_token_id', 'add_bos_token'].map(
    (key) => `tokenizer.ggml.${key}`,
  ),
];
const ARCHITECTURE_KEYS = [
  ...['block_count', 'context_length', 'embedding_length', 'feed_forward_length', 'vocab_size', 'expert_count'],
  ...['head_count', 'head_count_kv', 'key_length', 'value_length', 'layer_norm_rms_epsilon', 'causal', 'scale'].map(
    (key) => `attention.${key}`,
  ),
  ...['attention.temperature_scale', 'attention.temperature_length', 'attention.sliding_window'],
  ...['dimension_count', 'freq_base', 'scale_linear', 'scaling.type', 'scaling.factor', 'scaling.attn_factor'].map(
    (key) => `rope.${key}`,
  ),
  ...['original_context_length', 'yarn_beta_fast', 'yarn_beta_slow', 'yarn_log_multiplier', 'yarn_attn_factor'].map(
    (key) => `rope.scaling.${key}`,
  ),
];
const TEXTS = ['', 'llama', 'qwen2', 'qwen3', 'mistral3', 'smollm3', 'mamba', 'yarn', 'linear', 'longrope', 'none'];
/** Chat templates are some of these, one after the other. */
const TEMPLATES = [
  ...[
    '{% for m in messages %}{{ m.role + ": " + m.content }}{% endfor %}',
    '{{ bos_token }}',
    'You: ',
    '{%',
    '}}',
    '{#',
  ],
  ...['{% set messages = messages + messages %}', '{{ messages[0].content * 3 }}', '{{ messages | tojson(indent=2) }}'],
  ...['{% macro f(f) %}{{ f(f) }}{% endmacro %}{{ f(f) }}', '{{ range(99999)|join("\\n")|upper }}', '{% if x is y %}'],
  ...['{{ raise_exception(1) }}', '{{ (((', '{{ messages[2**63:-1] }}', '{% break %}', '\u0000{{- "\\ud800" -}}'],
];
const TYPE_SIZES = Object.values(GGML_TYPES);

/** One field, as a file's author or an accident may have it. */
const FIELDS: readonly Change<Draft>[] = [
  (draft, dice) => {
    draft.version = Number(dice.whole() & 0xffffffffn);
  },
  (draft, dice) => {
    draft.tensorCount = dice.whole();
  },
  (draft, dice) => {
    draft.keyCount = dice.whole();
  },
  ...Array<Change<Draft>>(6).fill(changeValue),
  (draft, dice) => replaceKey(draft, dice, ([key, , value]) => [key, dice.below(14), value]),
  (draft, dice) => replaceKey(draft, dice, ([, type, value]) => [anyKey(draft, dice), type, value]),
  (draft, dice) => replaceKey(draft, dice, ([key, type, value]) => [key, type, overwritten(value, dice)]),
  (draft, dice) => {
    draft.kv.splice(dice.below(draft.kv.length), 1);
  },
  (draft, dice) => {
    draft.kv.splice(dice.below(draft.kv.length), 0, dice.pick(draft.kv));
  },
  (draft, dice) => {
    draft.kv.push(anyValue(anyKey(draft, dice), dice));
  },
  (draft, dice) => {
    const parts = Array.from({ length: 1 + dice.below(3) }, () => dice.pick(TEMPLATES));
    draft.kv.push(['tokenizer.chat_template', string, text(parts.join(''))]);
  },
  (draft, dice) => changeTensor(draft, dice, () => ({ type: dice.below(45) })),
  (draft, dice) => changeTensor(draft, dice, ({ ne }) => ({ ne: ne.with(dice.below(ne.length), dice.whole()) })),
  (draft, dice) => changeTensor(draft, dice, ({ ne }) => ({ ne: [...ne, dice.whole()] })),
  (draft, dice) => changeTensor(draft, dice, ({ ne }) => ({ ne: [...ne].reverse() })),
  (draft, dice) => changeTensor(draft, dice, () => ({ dimensions: Number(dice.whole() & 0xffffffffn) })),
  (draft, dice) => changeTensor(draft, dice, () => ({ offset: dice.whole() })),
  (draft, dice) => changeTensor(draft, dice, () => ({ offset: dice.pick(draft.tensors).offset })),
  (draft, dice) => changeTensor(draft, dice, ({ name }) => ({ name: name.slice(0, dice.below(name.length)) })),
  (draft, dice) => swapFields(draft, dice, ['name']),
  (draft, dice) => swapFields(draft, dice, ['type']),
  (draft, dice) => swapFields(draft, dice, ['ne']),
  (draft, dice) => swapFields(draft, dice, ['ne', 'type', 'data']),
  ...Array<Change<Draft>>(3).fill(retype),
  ...Array<Change<Draft>>(3).fill(reshape),
  (draft, dice) => {
    draft.tensors.splice(dice.below(draft.tensors.length), 1);
    layOut(draft);
  },
  (draft, dice) => {
    draft.tensors.push(dice.pick(draft.tensors));
    if (dice.chance(0.5)) layOut(draft);
  },
  (draft, dice) => changeTensor(draft, dice, ({ data }) => ({ data: dice.bytes(data.length) })),
];

/** One to three fields of a model changed; where it can be, the rest is made to fit. */
export function mutateFields(model: Draft, dice: Dice): Buffer {
  const draft = { ...model, kv: [...model.kv], tensors: [...model.tensors] };
  for (let changes = 1 + dice.below(3); changes > 0 && draft.kv.length > 0 && draft.tensors.length > 0; changes--) {
    dice.pick(FIELDS)(draft, dice);
  }
  return encodeDraft(draft).bytes;
}

function anyKey({ architecture }: Draft, dice: Dice): string {
  return dice.chance(0.3) ? dice.pick(KEYS) : `${architecture}.${dice.pick(ARCHITECTURE_KEYS)}`;
}

/** Those that the graph reads more often than the others. */
function keyIndex({ architecture, kv }: Draft, dice: Dice): number {
  const own = [...kv.keys()].filter((index) => kv[index]?.[0].startsWith(`${architecture}.`));
  return own.length > 0 && dice.chance(0.7) ? dice.pick(own) : dice.below(kv.length);
}

function replaceKey(draft: Draft, dice: Dice, replace: (key: Key) => Key): void {
  const index = keyIndex(draft, dice);
  const key = draft.kv[index];
  if (key) draft.kv[index] = replace(key);
}

/** A value of the same type, or of any. */
function changeValue(draft: Draft, dice: Dice): void {
  replaceKey(draft, dice, ([key, type]) => anyValue(key, dice, dice.chance(0.8) ? type : undefined));
}

function anyValue(key: string, dice: Dice, type = dice.below(VALUE_BYTES.length)): Key {
  if (type !== array) {
    return [key, type, scalar(type, dice)];
  }
  const of = dice.pick([...VALUE_BYTES.keys()].filter((number) => number !== array));
  const length = dice.below(4);
  const elements = Array.from({ length }, () => scalar(of, dice));
  const claimed = dice.chance(0.8) ? length : dice.whole();
  return [key, array, Buffer.concat([Buffer.from(Uint32Array.of(of).buffer), u64(claimed), ...elements])];
}

function scalar(type: number, dice: Dice): Buffer {
  if (type === string) {
    return dice.chance(0.8) ? text(dice.pick(TEXTS)) : u64(dice.whole());
  }
  if (type === f32) {
    return Buffer.from(Float32Array.of(dice.float()).buffer);
  }
  return type === f64
    ? Buffer.from(Float64Array.of(dice.float()).buffer)
    : u64(dice.whole()).subarray(0, VALUE_BYTES[type]);
}

function changeTensor(
  draft: Draft,
  dice: Dice,
  change: (tensor: Draft['tensors'][number]) => Partial<Draft['tensors'][number]>,
): void {
  const index = dice.below(draft.tensors.length);
  const tensor = draft.tensors[index];
  if (tensor) draft.tensors[index] = { ...tensor, ...change(tensor) };
}

/** Of two tensors; with their data, everything fits but the graph. */
function swapFields(draft: Draft, dice: Dice, fields: readonly ('name' | 'type' | 'ne' | 'data')[]): void {
  const [a, b] = [dice.below(draft.tensors.length), dice.below(draft.tensors.length)];
  const [left, right] = [draft.tensors[a], draft.tensors[b]];
  if (!left || !right) return;
  for (const field of fields) {
    draft.tensors[a] = { ...(draft.tensors[a] ?? left), [field]: right[field] };
    draft.tensors[b] = { ...(draft.tensors[b] ?? right), [field]: left[field] };
  }
  if (fields.includes('data')) layOut(draft);
}

/** Another type, with as many bytes of anything as that takes. */
function retype(draft: Draft, dice: Dice): void {
  const [type, elements, bytes] = dice.pick(TYPE_SIZES);
  changeTensor(draft, dice, ({ ne }) => {
    const blocks = ne.reduce<number>((product, length) => product * Number(length), 1) / elements;
    return { type, data: dice.bytes(Math.min(Math.ceil(blocks) * bytes, 2 ** 20)) };
  });
  layOut(draft);
}

/** A small change of a length, with the bytes that this takes. */
function reshape(draft: Draft, dice: Dice): void {
  changeTensor(draft, dice, ({ ne, type, data }) => {
    const [, elements, bytes] = TYPE_SIZES.find(([number]) => number === type) ?? [0, 1, 4];
    const changed = ne.with(dice.below(ne.length), BigInt(dice.pick([0, 1, 2, 32, 63, 64, 65, 128, 256, 257])));
    const blocks = changed.reduce<number>((product, length) => product * Number(length), 1) / elements;
    const size = Math.ceil(blocks) * bytes;
    return { ne: changed, data: size <= 2 ** 20 ? dice.bytes(size) : data };
  });
  layOut(draft);
}

/** Anything at random places; `end` is where places end: most are in the header. */
const BYTES: readonly ((bytes: Buffer, end: number, dice: Dice) => Buffer)[] = [
  (bytes, end, dice) => bytes.subarray(0, dice.below(end + 1)),
  (bytes, end, dice) => {
    for (let flips = 1 + dice.below(8); flips > 0; flips--) {
      const at = dice.below(end);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8));
    }
    return bytes;
  },
  (bytes, end, dice) => {
    bytes[dice.below(end)] = dice.below(256);
    return bytes;
  },
  (bytes, end, dice) => {
    const value = u64(dice.whole()).subarray(0, dice.pick([2, 4, 8]));
    bytes.set(value, dice.below(Math.max(1, Math.min(end, bytes.length) - 8)));
    return bytes;
  },
  (bytes, end, dice) => {
    const at = dice.below(end);
    return Buffer.concat([bytes.subarray(0, at), dice.bytes(1 + dice.below(64)), bytes.subarray(at)]);
  },
  (bytes, end, dice) => {
    const at = dice.below(end);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + dice.below(64))]);
  },
  (bytes, end, dice) => {
    const at = dice.below(end);
    return bytes.fill(dice.pick([0, 255]), at, Math.min(bytes.length, at + 1 + dice.below(64)));
  },
  (bytes, end, dice) => Buffer.concat([bytes.subarray(0, 4 + dice.below(end)), dice.bytes(dice.below(4096))]),
];

/**
 * Bytes flipped, cut, put in or taken out, without regard to what they mean.
 * @param header those from the start on that are changed most.
 */
export function mutateBytes(
  { bytes, header }: { readonly bytes: Buffer; readonly header: number },
  dice: Dice,
): Buffer {
  return dice.pick(BYTES)(bytes, dice.chance(0.7) ? header : bytes.length, dice);
}

function overwritten(value: Buffer, dice: Dice): Buffer {
  const copy = Buffer.from(value);
  const start = dice.chance(0.5) ? 0 : dice.below(copy.length);
  copy.set(u64(dice.whole()).subarray(0, Math.min(dice.pick([1, 4, 8]), copy.length - start)), start);
  return copy;
}
