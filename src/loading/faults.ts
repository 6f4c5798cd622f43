import type { KeyValues } from '../gguf/key-values.js';
import { ArchitectureKeys } from '../graphs/keys.js';
import { findGraph } from '../graphs/registry.js';
import { architectureFaults } from './architecture-faults.js';
import type { Fault } from './fault.js';
import { keyFaults } from './key-faults.js';
import { GGUF_NAMES, type Names } from './names.js';
import type { Outline } from './outline.js';
import { tensorFaults } from './tensor-faults.js';
import { vocabularyFaults } from './vocabulary-faults.js';

/**
 * What llama.cpp v0.5.0 would say of a file: types and ranges of its keys, its vocabulary, and, where the architecture has
 * a graph, the keys that have to be there and every tensor's name and shape. Files that are no models (adapters,
 * projectors) have no faults.
 */
export function findFaults({ kv, tensors }: Outline, names: Names = GGUF_NAMES): Fault[] {
  const faults = findKeyFaults(kv, names);
  const keys = new ArchitectureKeys(kv);
  const graph = findGraph(keys.architecture);
  // Shapes follow from keys: where those are wrong, they say nothing.
  return !graph || !isModel(kv) || faults.some(({ certain }) => certain)
    ? faults
    : [...faults, ...tensorFaults(graph, keys, tensors, names)];
}

/** The same of the key-values alone. */
export function findKeyFaults(kv: KeyValues, names: Names = GGUF_NAMES): Fault[] {
  const keys = new ArchitectureKeys(kv);
  const isKnown = findGraph(keys.architecture) !== undefined;
  return isModel(kv) ? [...findVocabularyFaults(kv, names), ...(isKnown ? architectureFaults(keys, names) : [])] : [];
}

/** The same of a vocabulary alone. */
export function findVocabularyFaults(kv: KeyValues, names: Names = GGUF_NAMES): Fault[] {
  const { architecture } = new ArchitectureKeys(kv);
  const reads = findGraph(architecture)?.reads ?? [];
  return [...keyFaults(kv, architecture, reads, names), ...vocabularyFaults(kv, names)];
}

function isModel(kv: KeyValues): boolean {
  return (kv.get('general.type')?.value ?? 'model') === 'model';
}
