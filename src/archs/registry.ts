import type { Config } from '../config/config.js';
import type { Known } from '../config/derivations.js';
import { SourceError, UnsupportedError, UsageError } from '../errors.js';
import type { Json } from '../json.js';
import { didYouMean, isSlip, sameName } from '../options/near-names.js';
import type { Architecture } from './architecture.js';
import { holds } from './conditions.js';
import * as apertus from './families/apertus.js';
import * as deci from './families/deci.js';
import * as dflash from './families/dflash.js';
import * as eagle3 from './families/eagle3.js';
import * as llama from './families/llama.js';
import * as llama4 from './families/llama4.js';
import * as maincoder from './families/maincoder.js';
import * as mistral3 from './families/mistral3.js';
import * as qwenMoe from './families/qwen-moe.js';
import * as qwen2 from './families/qwen2.js';
import * as qwen3 from './families/qwen3.js';
import { UNSUPPORTED } from './unsupported.js';

/** The files of all families; a new one gets its line here. */
const FILES = [
  apertus, //
  deci,
  dflash,
  eagle3,
  llama,
  llama4,
  maincoder,
  mistral3,
  qwen2,
  qwen3,
  qwenMoe,
];

/** What the files export that is a family, and not a part of one that others share. */
export const ARCHITECTURES: readonly Architecture[] = FILES.flatMap((file) => Object.values(file)).filter(
  (value): value is Architecture => typeof value === 'object' && 'classes' in value,
);

/** What `--arch` takes: a class, or a GGUF name; `listArchitectures` lists them. */
export type ArchName = string;

export class UnsupportedArchitectureError extends UnsupportedError {}

export class UnknownClassError extends UsageError {}

/** A file of `--arch-file` that describes no family. */
export class ArchFileError extends SourceError {}

const LIST = 'hf2gguf archs lists the classes that are.';

/** A model under a class that is supported, but of a kind that is not. */
export class UnsupportedVariantError extends UnsupportedError {}

/**
 * The family of a model.
 * @param name a class or GGUF name (`--arch`) to take instead of the configuration's class.
 * @throws UnsupportedArchitectureError, UnsupportedVariantError, UnknownClassError
 */
export function findArchitecture(known: Known, name?: string): Architecture {
  const found = name === undefined ? byClass(known) : parseArchitecture(name);
  if (!found) {
    throw unsupported(known.config);
  }
  const variant = UNSUPPORTED.find(
    ({ classes, when }) => classes.some((own) => found.classes.includes(own)) && holds(when, known),
  );
  if (variant) {
    throw new UnsupportedVariantError(`The model is ${variant.what}, which is not supported yet.`, variant.next);
  }
  return found;
}

/**
 * A family that the user describes, for a model that is of it.
 * @param file where it is described, for messages.
 * @throws UnsupportedArchitectureError for a model of another class, or that does not meet the family's condition.
 */
export function checkArchitecture(own: Architecture, known: Known, file = '--arch-file'): Architecture {
  const { architecture } = known.config;
  if (!own.classes.includes(architecture) || !holds(own.when, known)) {
    throw new UnsupportedArchitectureError(
      `${file} describes ${own.classes.join(', ')}${own.when ? ' under a condition' : ''}, and the model (${architecture.slice(0, MAX_NAME)}) is another.`,
      'Change its "classes" or "when" if the model is built alike.',
    );
  }
  return own;
}

/** A family by the name of one of its classes, or its name in GGUF, however it is spelt. @throws UnknownClassError */
export function parseArchitecture(name: string): Architecture {
  const known = sameName(name, NAMES);
  const found = ARCHITECTURES.find(({ classes, gguf }) => known !== undefined && [...classes, gguf].includes(known));
  if (!found) {
    throw new UnknownClassError(
      `--arch ${name} is no class of models that is supported.`,
      didYouMean(name, NAMES, LIST),
    );
  }
  return found;
}

const NAMES = ARCHITECTURES.flatMap(({ classes, gguf }) => [...classes, gguf]);

/** The first of a class whose condition holds. */
function byClass(known: Known): Architecture | undefined {
  const { architecture } = known.config;
  return ARCHITECTURES.find(({ classes, when }) => classes.includes(architecture) && holds(when, known));
}

/** Fields of a configuration that count experts. */
const EXPERTS = ['num_local_experts', 'num_experts', 'n_routed_experts', 'moe_num_experts'];

const isSeveral = (count: Json | undefined) => typeof count === 'number' && count > 1;

/** Another class of its own is built otherwise, however near its name: another way is named for a slip alone. */
function unsupported({ architecture, hparams }: Config): UnsupportedArchitectureError {
  const name = architecture.slice(0, MAX_NAME);
  if (/moe|mixtral/i.test(name) || EXPERTS.some((field) => isSeveral(hparams[field]))) {
    return new UnsupportedArchitectureError(`Mixtures of experts (${name}) are not supported yet.`, LIST);
  }
  const slip = NAMES.find((known) => isSlip(name, known));
  return new UnsupportedArchitectureError(
    `The architecture ${name} is not supported.`,
    slip ? `If config.json means ${slip}, say --arch ${slip}; ${LIST}` : LIST,
  );
}

/** Longer names are cut before they are shown. */
const MAX_NAME = 100;

/** What `hf2gguf archs` lists. */
export function listArchitectures(): { classes: readonly ArchName[]; gguf: ArchName; example: string }[] {
  return ARCHITECTURES.map(({ classes, gguf, example }) => ({ classes, gguf, example }));
}
