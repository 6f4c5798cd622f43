import type { KeyValues } from '../gguf/key-values.js';
import { findKnownKey, type KnownKey } from '../gguf/known-keys.js';
import { type GgufValue, typeName } from '../gguf/types.js';
import { LOADABLE_ARCHITECTURES } from './architectures.js';
import type { Fault } from './fault.js';
import type { Names } from './names.js';

/**
 * Finds keys that have a wrong type or value.
 * @param reads keys that llama.cpp reads for this architecture, beside those of every model.
 */
export function keyFaults(kv: KeyValues, architecture: string, reads: readonly string[], names: Names): Fault[] {
  const tokens = kv.get('tokenizer.ggml.tokens');
  const vocabulary = tokens?.type === 'array' ? tokens.value.length : Number.POSITIVE_INFINITY;
  const faults = LOADABLE_ARCHITECTURES.has(architecture) ? [] : [unknownArchitecture(architecture, names)];
  for (const [key, value] of kv.entries()) {
    const known = findKnownKey(key, architecture);
    const strict = known?.strict || reads.some((read) => key === `${architecture}.${read}`);
    const fault = known && keyFault({ ...known, strict }, value, vocabulary);
    if (fault) {
      const { certain, wanted } = fault;
      faults.push({ certain, what: wrongValue(names.key(key), value, wanted, certain), next: names.next });
    }
  }
  return faults;
}

function unknownArchitecture(architecture: string, names: Names): Fault {
  const key = names.key('general.architecture');
  return {
    certain: true,
    what:
      architecture === ''
        ? `There is no ${key}, which llama.cpp needs.`
        : `${key} is ${JSON.stringify(architecture.slice(0, 60))}, which llama.cpp does not know.`,
    next: names.next,
  };
}

function keyFault(
  { types, strict, range }: KnownKey,
  value: GgufValue,
  vocabulary: number,
): { certain: boolean; wanted: string } | undefined {
  if (!types.includes(typeName(value))) {
    return { certain: strict, wanted: `a value of type ${types[0]}` };
  }
  if (range === 'token') {
    const isToken = Number(value.value) < vocabulary;
    return isToken ? undefined : { certain: false, wanted: `one of the ${vocabulary} tokens of the vocabulary` };
  }
  if (range !== undefined && 'oneOf' in range) {
    const isKnown = range.oneOf.includes(String(value.value));
    return isKnown ? undefined : { certain: strict, wanted: `one of ${range.oneOf.join(', ')}` };
  }
  if (range !== undefined) {
    const { from, to } = range;
    const isWithin = Number(value.value) >= from && Number(value.value) <= to;
    return isWithin ? undefined : { certain: strict, wanted: `a number from ${from} to ${to}` };
  }
  return undefined;
}

function wrongValue(key: string, value: GgufValue, wanted: string, certain: boolean): string {
  const effect = certain ? ': llama.cpp does not load the file' : '';
  return `${key} is ${shown(value)}, where ${wanted} belongs${effect}.`;
}

function shown(value: GgufValue): string {
  if (value.type === 'array') {
    return `a list of ${value.value.length} ${value.of}`;
  }
  const text = typeof value.value === 'string' ? JSON.stringify(value.value.slice(0, 60)) : String(value.value);
  return `${text} (${value.type})`;
}
