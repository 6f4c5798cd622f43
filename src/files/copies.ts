import { throughC } from '../gguf/c-strings.js';
import type { KeyValues } from '../gguf/key-values.js';
import { GGML_TYPES } from '../gguf/types.js';
import type { UnplacedTensor } from '../layout/layout.js';
import type { GgufModel, GgufModelTensor } from '../plan/gguf-model.js';
import { parseFileType } from '../quantize/file-types.js';
import { dimensions } from '../quantize/recipe/tensor.js';
import { type WarningSink, warn } from '../warnings.js';

// What llama-gguf-split copies from a file, in the form that it copies it.

/** A tensor's copy. Its expression has the blocks as rows of bytes, so memory does not grow with the row length. */
export function copiedTensor({ name, type, ne, expr }: GgufModelTensor): UnplacedTensor {
  const [, blockElements, blockBytes] = GGML_TYPES[type];
  const blocks = ne.reduce((product, length) => product * length, 1) / blockElements;
  return {
    name,
    type,
    ne: ne.length === 0 ? [1] : ne.slice(0, dimensions(ne)),
    expr: { ...expr, dtype: 'U8', shape: [blocks, blockBytes] },
    write: { kind: 'copy' },
    why: 'as it is',
  };
}

/** The key-values, with a warning about each string that loses something. */
export function copiedKeyValues({ kv }: GgufModel, to: WarningSink): KeyValues {
  return throughC(kv, (key) => warn(to, `${key} has a NUL in a string, which ends there, as llama-gguf-split has it.`));
}

/** The file type's name, where the key-values have a known one. */
export function fileTypeName(kv: KeyValues): string | null {
  return parseFileType(String(kv.get('general.file_type')?.value)) ?? null;
}

export function architectureOf(kv: KeyValues): string {
  return String(kv.get('general.architecture')?.value ?? 'unknown');
}
