import { basename } from 'node:path';
import { plan as planConversion } from '../calls/conversions.js';
import { UsageError } from '../errors.js';
import type { PlacedFile } from '../layout/plan.js';
import { optionName } from '../options/empty.js';
import { packageVersion } from '../output/version.js';
import { NoTypeError, parseQuants } from '../plan/check-params.js';
import type { QuantName } from '../quantize/file-types.js';
import { cacheSize } from './cache-size.js';
import type { Making } from './card.js';
import { openTarget, type Target } from './hub-writer.js';
import { refuseRestricted } from './licence.js';
import { MANIFEST, type Manifest, type PublishedFile, parseManifest } from './manifest.js';
import type { PublishEvent, PublishParams, PublishPlan } from './params.js';
import { optionsOfFiles, recipeKey, recipeOf } from './recipe.js';
import { readSource, type SourceFacts } from './source-facts.js';
import { freeBytes } from './work-folder.js';

/** The name of the repository makes no sense. */
export class TargetNameError extends UsageError {}
/** The repository is open to everyone, and the files were to be private. */
export class OpenTargetError extends UsageError {}

/** A type whose files are to be made. */
export interface MissingType {
  /** The file type's name, such as `Q4_K_M`. */
  readonly type: QuantName;
  readonly recipe: string;
  /** One, or the parts of a split file. */
  readonly files: readonly PlacedFile[];
  readonly cache: number | null;
  readonly splitMaxSize: string | undefined;
}

/** What is known before anything is written. */
export interface Prepared {
  readonly source: SourceFacts;
  /** The source at the commit that this run is about. */
  readonly pinned: string;
  readonly target: Target;
  /** What the repository has of this model; nothing where there is no repository. */
  readonly manifest: Manifest;
  readonly missing: readonly MissingType[];
  /** The missing types by reads of the source. */
  readonly groups: readonly (readonly MissingType[])[];
  readonly folder: string;
  readonly making: Making;
  readonly plan: Omit<PublishPlan, 'card'>;
}

/** The Hub takes no larger file than 50 GB. */
const DEFAULT_SPLIT = { text: '48G', bytes: 48e9 };

/** @throws as `publish` */
export async function prepare(params: PublishParams, emit: (event: PublishEvent) => void): Promise<Prepared> {
  const types = checkParams(params);
  emit({ event: 'phase', phase: 'open' });
  const options = { ...params, emit };
  const target = await openTarget(params.to, options);
  const source = await readSource(params.source, options);
  if (target.exists && params.private && !target.isPrivate) {
    throw new OpenTargetError(
      `${params.to} is there already, and open to everyone.`,
      'Make it private on its page, publish to another one, or leave --private out.',
    );
  }
  refuseRestricted(source, params.acceptLicence || (target.exists ? target.isPrivate : params.private === true));
  const pinned = source.repo.revision === null ? params.source : `${source.id}@${source.repo.revision}`;
  const recipe = await recipeOf(source.repo, params);
  const manifest = await manifestOf(target, source);
  const wanted = types.map((type) => ({ type, recipe: recipeKey(recipe, type) }));
  const kept = manifest.files.filter(({ measured }) => !params.check || measured !== null);
  const unmade = wanted.filter(({ recipe }) => !kept.some((file) => file.recipe === recipe));
  const folder = params.keep ?? `${params.to.replace('/', '--')}.publish`;
  const missing = unmade.length === 0 ? [] : await planned(params, pinned, unmade, emit);
  const groups = grouped(missing, await freeBytes(folder, params.keep !== undefined));
  return {
    ...{ source, pinned, target, manifest, missing, groups, folder },
    making: { version: packageVersion(), options: optionsText(params, types), imatrix: null },
    plan: {
      repository: params.to,
      creates: !target.exists,
      source: { id: source.id, commit: source.repo.revision },
      reads: groups.map((group) => group.map(({ type }) => type)),
      files: missing.flatMap(({ type, files }) =>
        files.map(({ path, size }) => ({ path: basename(path), type, size })),
      ),
      kept: manifest.files,
    },
  };
}

/** @returns the types, each once. @throws UsageError */
function checkParams({ to, quant }: PublishParams): QuantName[] {
  if (!/^[A-Za-z0-9_][\w.-]{0,95}\/[A-Za-z0-9_][\w.-]{0,95}$/.test(to) || /\.\.|--|\.git$/.test(to)) {
    throw new TargetNameError(`${JSON.stringify(to)} is no name of a repository.`, 'Give it as owner/name.');
  }
  const types = [...new Set(parseQuants(quant))];
  if (types.length === 0) {
    throw new NoTypeError('No type is given to publish.', 'Name one or more with --quant, such as q4_k_m,q8_0.');
  }
  return types;
}

/** The manifest in the repository, but for files that were changed or removed since. */
async function manifestOf(target: Target, source: SourceFacts): Promise<Manifest> {
  const text = await target.readText(MANIFEST);
  const found = text === null ? null : parseManifest(text);
  if (found?.source !== source.id) {
    return { version: 1, source: source.id, check: null, files: [] };
  }
  const hashes = new Map(target.files.map(({ path, sha256 }) => [path, sha256]));
  const isThere = ({ parts }: PublishedFile) => parts.every(({ path, sha256 }) => hashes.get(path) === sha256);
  return { ...found, files: found.files.filter(isThere) };
}

async function planned(
  params: PublishParams,
  pinned: string,
  unmade: readonly { readonly type: QuantName; readonly recipe: string }[],
  emit: (event: PublishEvent) => void,
): Promise<MissingType[]> {
  const { splitMaxSize } = params;
  const missing: MissingType[] = [];
  const quant = unmade.map(({ type }) => type);
  const { files } = await plan(params, pinned, quant, splitMaxSize, emit);
  for (const { type, recipe } of unmade) {
    let own = files.filter((file) => file.type === type);
    const isTooLarge = splitMaxSize === undefined && own.some(({ size }) => size > DEFAULT_SPLIT.bytes);
    const split = isTooLarge ? DEFAULT_SPLIT.text : splitMaxSize;
    own = isTooLarge ? [...(await plan(params, pinned, [type], split, emit)).files] : own;
    missing.push({ ...{ type, recipe, files: own, splitMaxSize: split }, cache: cacheSize(own[0]?.kv ?? []) });
  }
  return missing;
}

function plan(
  params: PublishParams,
  source: string,
  quant: readonly QuantName[],
  splitMaxSize: string | undefined,
  emit: (event: PublishEvent) => void,
) {
  const own = { ...conversionOf(params), source, quant, ...(splitMaxSize !== undefined && { splitMaxSize }) };
  return planConversion(own, (event) => (event.event === 'wait' || event.event === 'warning') && emit(event));
}

/** The parameters of the conversion; the check comes when its files are noted. */
export function conversionOf({
  to: _,
  private: __,
  pr: ___,
  keep: ____,
  acceptLicence: _____,
  check: ______,
  made: _______,
  ...params
}: PublishParams) {
  return params;
}

/** What the disk needs beside the files: notes, a plot, blocks that are not full. */
const MARGIN = 2 ** 20;

/** As many types at once as there is room for; parts that differ in how they are split are made apart. */
function grouped(missing: readonly MissingType[], free: number): MissingType[][] {
  const groups: MissingType[][] = [];
  let room = 0;
  for (const type of missing) {
    const size = type.files.reduce((sum, file) => sum + file.size, 0) + MARGIN;
    const last = groups.at(-1);
    if (last && last[0]?.splitMaxSize === type.splitMaxSize && size <= room) {
      last.push(type);
      room -= size;
    } else {
      groups.push([type]);
      room = free - size;
    }
  }
  return groups;
}

/** The options that change the files, for the card: of files only their names. */
function optionsText(params: PublishParams, types: readonly QuantName[]): string {
  const options = optionsOfFiles(params).map(([name, value]) => {
    const texts = [value].flat().map((own) => (typeof own === 'string' ? ` ${basename(own)}` : ''));
    return `${optionName(name)}${texts.join('')}`;
  });
  return [`--quant ${types.join(',').toLowerCase()}`, ...options].join(' ').replaceAll('`', "'");
}
