import type { GgufModel, GgufModelTensor } from '../convert/gguf-model.js';
import type { UnplacedTensor } from '../convert/layout.js';
import type { ConvertEvent } from '../events.js';
import { KeyValues } from '../gguf/key-values.js';
import { GGML_TYPES, type GgufValue } from '../gguf/types.js';
import { parseFileType } from '../quantize/file-types.js';
import { dimensions } from '../quantize/recipe/tensor.js';

/** What llama-gguf-split takes over from a file, as it does. */

/** Its expression is of blocks as rows of bytes: memory does not grow with the length of a tensor's rows. */
export function copiedTensor({ name, type, ne, expr }: GgufModelTensor): UnplacedTensor {
  const [, blockElements, blockBytes] = GGML_TYPES[type];
  const blocks = ne.reduce((product, length) => product * length, 1) / blockElements;
  return {
    name,
    type,
    ne: ne.length === 0 ? [1] : ne.slice(0, dimensions(ne)),
    expr: { ...expr, dtype: 'U8', shape: [blocks, blockBytes] },
    copy: true,
    why: 'as it is',
    via: 'F32',
    finite: false,
  };
}

/**
 * The key-values, whose strings go through C: each ends at its first NUL.
 * ref-quirk: gguf_set_kv of ggml/src/gguf.cpp.
 */
export function copiedKeyValues({ kv }: GgufModel, emit: (event: ConvertEvent) => void): KeyValues {
  const copy = new KeyValues();
  for (const [key, value] of kv.entries()) {
    if (hasNul(value)) {
      emit({
        event: 'warning',
        message: `${key} has a NUL in a string, which ends there, as llama-gguf-split has it.`,
      });
    }
    copy.set(key, hasNul(value) ? cutAtNul(value) : value);
  }
  return copy;
}

function hasNul(value: GgufValue): boolean {
  if (value.type !== 'array') {
    return typeof value.value === 'string' && value.value.includes('\0');
  }
  return value.of === 'string' && Array.from(value.value as ArrayLike<string>).some((text) => text.includes('\0'));
}

function cutAtNul(value: GgufValue): GgufValue {
  const cut = (text: unknown) => String(text).replace(/\0.*/s, '');
  return value.type === 'array'
    ? { ...value, value: Array.from(value.value, cut) }
    : { ...value, value: cut(value.value) };
}

/** The file type's name, where the key-values have a known one. */
export function fileTypeOf(kv: KeyValues): string | null {
  return parseFileType(String(kv.get('general.file_type')?.value)) ?? null;
}

export function architectureOf(kv: KeyValues): string {
  return String(kv.get('general.architecture')?.value ?? 'unknown');
}
