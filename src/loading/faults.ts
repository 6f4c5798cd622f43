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
 * Finds what llama.cpp v0.5.0 would object to in a file: types and ranges of keys, and the vocabulary. For an
 * architecture with a graph it also checks that the graph's keys are there, and the name and shape of every tensor.
 * Files that are no models (adapters, projectors) have no faults.
 */
export function findFaults({ kv, tensors }: Outline, names: Names = GGUF_NAMES): Fault[] {
  const faults = findKeyFaults(kv, names);
  const keys = new ArchitectureKeys(kv);
  const graph = findGraph(keys.architecture);
  // The expected shapes follow from the keys, so they are unknown where a key is wrong.
  return !graph || !isModel(kv) || faults.some(({ certain }) => certain)
    ? faults
    : [...faults, ...tensorFaults(graph, keys, tensors, names)];
}

/** Finds the faults of the key-values alone. */
export function findKeyFaults(kv: KeyValues, names: Names = GGUF_NAMES): Fault[] {
  const keys = new ArchitectureKeys(kv);
  const isKnown = findGraph(keys.architecture) !== undefined;
  return isModel(kv) ? [...findVocabularyFaults(kv, names), ...(isKnown ? architectureFaults(keys, names) : [])] : [];
}

/** Finds the faults of a vocabulary's keys alone. */
export function findVocabularyFaults(kv: KeyValues, names: Names = GGUF_NAMES): Fault[] {
  const { architecture } = new ArchitectureKeys(kv);
  const reads = findGraph(architecture)?.reads ?? [];
  return [...keyFaults(kv, architecture, reads, names), ...vocabularyFaults(kv, names)];
}

function isModel(kv: KeyValues): boolean {
  return (kv.get('general.type')?.value ?? 'model') === 'model';
}
