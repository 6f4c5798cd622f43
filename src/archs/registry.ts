import type { Config, Known } from '../config/config.js';
import { holds } from '../config/values.js';
import { SourceError, UnsupportedError, UsageError } from '../errors.js';
import { didYouMean, isSlip, sameName } from '../options/near-names.js';
import type { Architecture } from './architecture.js';
import * as FAMILIES from './families/index.js';
import { UNSUPPORTED } from './unsupported.js';

/** What the files export that is a family, and not a part of one that others share. */
const EXPORTS = Object.values<object>(FAMILIES)
  .flatMap((file): readonly [string, unknown][] => Object.entries(file))
  .filter((each): each is [string, Architecture] => each[1] instanceof Object && 'classes' in each[1]);

export const ARCHITECTURES: readonly Architecture[] = EXPORTS.map(([, architecture]) => architecture);

/** What `--arch` takes: a class, or a GGUF name; `listArchitectures` lists them. */
export type ArchName = string;

export class UnsupportedArchitectureError extends UnsupportedError {}

export class UnknownClassError extends UsageError {}

/** A file of `--arch-file` that describes no family. */
export class ArchFileError extends SourceError {}

const LIST = 'hf2gguf archs lists the classes that are.';

/** A model of a kind that is known and not supported, under a class that is or by its class. */
export class UnsupportedVariantError extends UnsupportedError {}

/**
 * The family of a model.
 * @param name a class or GGUF name (`--arch`) to take instead of the configuration's class.
 * @throws UnsupportedArchitectureError, UnsupportedVariantError, UnknownClassError
 */
export function findArchitecture(known: Known, name?: string): Architecture {
  const found = name === undefined ? byClass(known) : (byClass(known, familiesNamed(name)) ?? parseArchitecture(name));
  const names = found?.classes ?? [known.config.architecture];
  const variant = UNSUPPORTED.find(
    ({ classes, when }) => classes.some((own) => names.includes(own)) && holds(when, known),
  );
  if (variant) {
    throw new UnsupportedVariantError(`The model is ${variant.what}, which is not supported yet.`, variant.next);
  }
  if (!found) {
    throw unsupported(known.config);
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
    const described = `${own.classes.join(', ')}${own.when ? ' under a condition' : ''}`;
    throw new UnsupportedArchitectureError(
      `${file} describes ${described}, and the model (${architecture.slice(0, MAX_NAME)}) is another.`,
      'Change its "classes" or "when" if the model is built alike.',
    );
  }
  return own;
}

/** A family by the name of one of its classes, or its name in GGUF, however it is spelt. @throws UnknownClassError */
export function parseArchitecture(name: string): Architecture {
  const [found] = familiesNamed(name);
  if (!found) {
    throw new UnknownClassError(
      `--arch ${name} is no class of models that is supported.`,
      didYouMean(name, NAMES, LIST),
    );
  }
  return found;
}

const NAMES = ARCHITECTURES.flatMap(({ classes, gguf }) => [...classes, gguf]);

/**
 * The families with this name among their classes, or in GGUF. The one that is exported under the name comes first,
 * then those that every model may be of.
 */
function familiesNamed(name: string): readonly Architecture[] {
  const known = sameName(name, NAMES);
  const rank = ([exported, { when }]: readonly [string, Architecture]) =>
    lettersOf(exported) === lettersOf(known ?? '') ? 0 : when === undefined ? 1 : 2;
  return EXPORTS.filter(([, { classes, gguf }]) => known && [...classes, gguf].includes(known))
    .sort((a, b) => rank(a) - rank(b))
    .map(([, architecture]) => architecture);
}

/** A name without signs and capitals: identifiers have no hyphens. */
function lettersOf(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, '').toLowerCase();
}

/** The first of a class whose condition holds. */
function byClass(known: Known, families = ARCHITECTURES): Architecture | undefined {
  const { architecture } = known.config;
  return families.find(({ classes, when }) => classes.includes(architecture) && holds(when, known));
}

/** Another class of its own is built otherwise, however near its name: another way is named for a slip alone. */
function unsupported({ architecture }: Config): UnsupportedArchitectureError {
  const name = architecture.slice(0, MAX_NAME);
  const slip = NAMES.find((known) => isSlip(name, known));
  return new UnsupportedArchitectureError(
    `The architecture ${name} is not supported.`,
    slip ? `If config.json means ${slip}, say --arch ${slip}; ${LIST}` : LIST,
  );
}

/** Longer names are cut before they are shown. */
export const MAX_NAME = 100;

/** What `hf2gguf archs` lists. */
export function listArchitectures(): Pick<Architecture, 'classes' | 'gguf' | 'example' | 'unproven'>[] {
  return ARCHITECTURES.map(({ classes, gguf, example, unproven }) => ({
    ...{ classes, gguf, example },
    ...(unproven && { unproven }),
  }));
}
