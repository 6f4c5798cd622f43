import type { Config, Known } from '../config/config.js';
import { holds } from '../config/values.js';
import { SourceError, UnsupportedError, UsageError } from '../errors.js';
import { didYouMean, isSlip, sameName } from '../options/near-names.js';
import type { NamedExpr } from '../tensor/expr.js';
import type { Architecture } from './architecture.js';
import * as FAMILIES from './families/index.js';
import { fits } from './fit.js';
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
    throw new UnsupportedArchitectureError(
      `${file} describes ${own.classes.join(', ')}${own.when ? ' under a condition' : ''}, and the model (${architecture.slice(0, MAX_NAME)}) is another.`,
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
 * The families with this name among their classes, or in GGUF. The one that is exported under the name comes first, then
 * those that every model may be of.
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

/** The most families and tensors that a message names. */
const MAX_NAMED = 16;

/**
 * What is said of an unknown class when its checkpoint's headers are there: the families that have a place for every
 * tensor, or else the nearest one and what it has none for.
 */
export function unknownClass(known: Known, tensors: Iterable<NamedExpr>): UnsupportedArchitectureError {
  const name = known.config.architecture.slice(0, MAX_NAME);
  const all = fits(ARCHITECTURES, known, tensors);
  const fitting = all.filter(({ misfits }) => misfits.length === 0).map(({ architecture }) => architecture.gguf);
  const [first, ...others] = [...new Set(fitting)].slice(0, MAX_NAMED);
  if (first !== undefined) {
    const also = others.length > 0 ? ` (or else ${others.join(', ')})` : '';
    return new UnsupportedArchitectureError(
      `The architecture ${name} is not supported, but its tensors fit ${first}${also}.`,
      `If the model computes alike, try --arch ${first}; what it writes is right only then.`,
    );
  }
  const [nearest] = all;
  if (nearest === undefined) {
    return unsupported(known.config);
  }
  const { architecture, misfits } = nearest;
  const shown = misfits.slice(0, MAX_NAMED).join(', ');
  return new UnsupportedArchitectureError(
    `The architecture ${name} is not supported. ${architecture.gguf} is nearest, but has no place for ${shown}${misfits.length > MAX_NAMED ? ` and ${misfits.length - MAX_NAMED} more` : ''}.`,
    `A family can be described in a file for --arch-file; start from "hf2gguf archs ${architecture.gguf} --json".`,
  );
}

/** Longer names are cut before they are shown. */
const MAX_NAME = 100;

/** What `hf2gguf archs` lists. */
export function listArchitectures(): Pick<Architecture, 'classes' | 'gguf' | 'example' | 'unproven'>[] {
  return ARCHITECTURES.map(({ classes, gguf, example, unproven }) => ({
    ...{ classes, gguf, example },
    ...(unproven && { unproven }),
  }));
}
