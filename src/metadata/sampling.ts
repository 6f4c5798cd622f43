import { isObject, type Json, type JsonObject, MalformedJsonError, parseJson } from '../json.js';
import type { SmallFiles } from '../repo/small-files.js';
import { type Metadata, SAMPLING, SAMPLING_KEYS, type SamplingKey } from './metadata.js';

const FILE = 'generation_config.json';

/** What generation_config.json recommends; the reference ignores a file that is no JSON. */
export async function readSampling(files: SmallFiles, warn: (message: string) => void): Promise<Metadata['sampling']> {
  const config = await generationConfig(files);
  const sampling: Metadata['sampling'] = {};
  for (const key of SAMPLING_KEYS) {
    const name = SAMPLING[key].slice(1).find((candidate) => config[candidate] !== undefined);
    const value = name === undefined ? undefined : config[name];
    if (value !== undefined) {
      setSampling(sampling, key, value, () => warn(`"${name}" of ${FILE} has the wrong type and was left out.`));
    }
  }
  return sampling;
}

/** Null unsets; the types are those that Python's `struct.pack` takes, which the reference stops at otherwise. */
export function setSampling(sampling: Metadata['sampling'], key: SamplingKey, value: Json, refuse: () => void): void {
  const [type] = SAMPLING[key];
  const number = typeof value === 'boolean' ? Number(value) : value;
  const fits =
    type === 'string'
      ? typeof value === 'string'
      : typeof number === 'number' &&
        (type === 'i32' ? number === (number | 0) : Math.abs(Math.fround(number)) < Infinity);
  if (fits) {
    sampling[key] = type === 'string' ? (value as string) : (number as number);
  } else if (value === null) {
    delete sampling[key];
  } else {
    refuse();
  }
}

/** generation_config.json; empty where there is none, or one that is no JSON. */
export async function generationConfig(files: SmallFiles): Promise<JsonObject> {
  const bytes = await files.bytes(FILE);
  if (!bytes) {
    return {};
  }
  try {
    // A byte order mark makes it invalid for Python.
    const config = parseJson(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), FILE);
    return isObject(config) ? config : {};
  } catch (error) {
    if (error instanceof MalformedJsonError) {
      return {};
    }
    throw error;
  }
}
