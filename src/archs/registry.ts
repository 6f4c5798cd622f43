import type { Config } from '../config/config.js';
import { UnsupportedError } from '../errors.js';
import type { Architecture } from './architecture.js';
import { editDistance } from './edit-distance.js';
import { llama } from './llama.js';
import { mistral3 } from './mistral3.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';
import { smollm3 } from './smollm3.js';

/** All families; a new one gets its line here. */
const FAMILIES = [llama, mistral3, qwen2, qwen3, smollm3] as const;

export const ARCHITECTURES: readonly Architecture[] = FAMILIES;

type Family = (typeof FAMILIES)[number];
/** What `--arch` takes: a class, or a GGUF name. */
export type ArchName = Family['classes'][number] | Family['gguf'];

export class UnsupportedArchitectureError extends UnsupportedError {}

/**
 * The family of a model.
 * @param name a class or GGUF name (`--arch`) to take instead of the configuration's class.
 * @throws UnsupportedError
 */
export function findArchitecture(config: Config, name: string = config.architecture): Architecture {
  const found = ARCHITECTURES.find(({ classes, gguf }) => classes.includes(name) || gguf === name);
  if (!found) {
    const near = nearest(name, config);
    throw new UnsupportedArchitectureError(
      `The architecture ${name.slice(0, MAX_NAME)} is not supported; the nearest one that is, is ${near.name}.`,
      `If the model is built the same, try --arch ${near.gguf}; hf2gguf archs lists them all.`,
    );
  }
  found.check?.(config);
  return found;
}

/** Longer names are cut before they are compared or shown. */
const MAX_NAME = 100;

/** The known class whose name takes the fewest changes; a change of `model_type` counts twice. */
function nearest(name: string, config: Config): { name: string; gguf: string } {
  const wanted = name.slice(0, MAX_NAME);
  const type = config.hparams.model_type;
  let best = { name: '', gguf: '', distance: Number.POSITIVE_INFINITY };
  for (const { classes, gguf } of ARCHITECTURES) {
    const typeDistance = typeof type === 'string' ? editDistance(gguf, type.slice(0, MAX_NAME)) : 0;
    for (const candidate of classes) {
      const distance = editDistance(candidate, wanted) + 2 * typeDistance;
      if (distance < best.distance) {
        best = { name: candidate, gguf, distance };
      }
    }
  }
  return best;
}

/** What `hf2gguf archs` lists. */
export function listArchitectures(): { classes: readonly ArchName[]; gguf: ArchName; example: string }[] {
  return FAMILIES.map(({ classes, gguf, example }) => ({ classes, gguf, example }));
}
