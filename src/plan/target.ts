import { UsageError } from '../errors.js';
import type { GgmlType } from '../gguf/types.js';
import { align, DEFAULT_ALIGNMENT } from '../gguf/writer.js';
import { sizeOf } from '../layout/layout.js';
import type { PlannedFile, Prediction } from '../layout/plan.js';
import { fileTypeNumber } from '../quantize/file-types.js';
import { importanceOf } from '../quantize/imatrix/coverage.js';
import type { Choice } from '../quantize/outtype.js';
import { chooseQuantTypes } from '../quantize/recipe/choose.js';
import { bitsOf, candidateTypes, near } from '../quantize/target/candidates.js';
import { leastDamage, type Option } from '../quantize/target/knapsack.js';
import { type Loss, relativeLoss } from '../quantize/target/loss.js';
import type { TargetSize } from '../quantize/target/size.js';
import { usualCost } from '../quantize/target/usual-cost.js';
import { elementCount } from '../tensor/expr.js';
import type { Asked } from './check-params.js';
import { doubtIdleOptions } from './idle-options.js';
import { type MeasureContext, measureLosses } from './measure-losses.js';
import type { OutputParams } from './params.js';
import type { PlanningEvent } from './planning-event.js';
import {
  type CoverageSink,
  factsOf,
  hasEntries,
  type KeptTensor,
  keptTensors,
  layOutAll,
  layOutQuantized,
  type QuantizeRequest,
  type QuantizeSource,
  quantizedTensor,
  reportCoverage,
} from './quantized.js';
import { checkSensitivities } from './sensitivities.js';

/** The target size is smaller than the model with every tensor in its smallest type. */
export class TargetTooSmallError extends UsageError {}

/** A tensor, and the types that may be chosen for it. */
interface Choosable {
  readonly tensor: KeptTensor;
  readonly types: readonly GgmlType[];
  /** The reason where there is only one type. */
  readonly why?: string;
}

interface Candidate extends Option {
  readonly type: GgmlType;
  readonly relative: number;
}

interface TargetContext extends MeasureContext {
  /** Only find out whether a target size can be met: every tensor gets its smallest type. @default false */
  readonly headersOnly?: boolean;
  readonly params: MeasureContext['params'] & Pick<OutputParams, 'strict'>;
  emit(event: PlanningEvent): void;
}

/**
 * Lays out the requested files, and reports what the importance matrix covers.
 * @param name the file's name for a type, or for a size's label.
 * @throws as `layOutAll` and `layOutTargets`
 */
export async function layOutAsked(
  source: QuantizeSource,
  { quants, targets }: Asked,
  request: QuantizeRequest,
  name: (type: string) => string,
  context: TargetContext,
): Promise<PlannedFile[]> {
  doubtIdleOptions(source, request, quants, { emit: context.emit, strict: context.params.strict });
  return targets.length > 0
    ? layOutTargets(targets, source, request, name, context)
    : layOutAll(source, quants, request, name, doubts(context));
}

/**
 * Lays out a file for each target size, no larger than that, whose types together do the least damage. Each tensor's
 * loss as each type is measured once for all sizes and multiplied with its sensitivity; then the best combination is
 * searched. Types that options name stay.
 * @param name the file's name for a size's label.
 * @throws TargetTooSmallError, and as `checkSensitivities`, `layOutQuantized` and `measureLosses`
 */
async function layOutTargets(
  sizes: readonly TargetSize[],
  source: QuantizeSource,
  request: QuantizeRequest,
  name: (label: string) => string,
  context: TargetContext,
): Promise<PlannedFile[]> {
  const choosable = findChoosable(source, request);
  const sensitivities = request.sensitivities?.size ? request.sensitivities : undefined;
  if (sensitivities) {
    const needed = choosable.filter(isMeasured).map(({ tensor: { entry, ne } }) => ({ name: entry, ne }));
    const { strict } = context.params;
    checkSensitivities(sensitivities, source.tensors, needed, request.imatrix, { emit: context.emit, strict });
  }
  const alignment = Number(source.kv.get('general.alignment')?.value ?? DEFAULT_ALIGNMENT);
  const bytes: SizeOf = ({ ne }, type) => align(sizeOf(type, ne), alignment);
  const searches = sizes.map((size): Search => {
    const layOut = (choices: readonly Choice[], prediction?: Prediction) => {
      const recipe = { type: size.label, ...recipeOf(choosable, choices), prediction };
      return layOutQuantized(name(size.label), source, recipe, request);
    };
    const budget = budgetFor(choosable, bytes, size, layOut);
    return { budget, layOut, choosable: nearTarget(choosable, bytes, budget) };
  });
  if (context.headersOnly) {
    return searches.flatMap(({ layOut }) => layOut(smallestChoices(choosable)));
  }
  const losses = await measureLosses(versions(searches, request), context);
  const { layers } = factsOf(source, request);
  const candidate = (tensor: KeptTensor, type: GgmlType): Candidate => {
    const loss = losses.get(type)?.get(tensor.name) ?? NO_LOSS;
    const sensitivity = sensitivities?.get(tensor.entry);
    const relative = relativeLoss(loss);
    const damage = sensitivity
      ? loss.weighted * (sensitivity.byType[type] ?? sensitivity.usual)
      : relative * usualCost(tensor.entry, layers);
    return { type, size: bytes(tensor, type), damage, relative };
  };
  const files = searches.flatMap((search) => best(search, candidate, sensitivities !== undefined));
  reportCoverage(source, files, request, doubts(context));
  return files;
}

/** The search for one target size. */
interface Search {
  /** Bytes that the tensors may take together. */
  readonly budget: number;
  readonly choosable: readonly Choosable[];
  layOut(choices: readonly Choice[], prediction?: Prediction): PlannedFile[];
}

/** The files of the best choice of types. */
function best(
  { choosable, budget, layOut }: Search,
  candidate: (tensor: KeptTensor, type: GgmlType) => Candidate,
  hasSensitivities: boolean,
): PlannedFile[] {
  const candidates = choosable.map(({ tensor, types }) => types.map((type) => candidate(tensor, type)));
  // There is a solution, since the budget was checked.
  const picked = (leastDamage(candidates, budget) ?? []).map((choice, i) => candidates[i]?.[choice] as Candidate);
  const choices = picked.map(({ type }, i) => ({ type, why: choosable[i]?.why ?? reason(type, candidates[i] ?? []) }));
  return layOut(choices, {
    kld: hasSensitivities ? sum(picked.map(({ damage }) => damage)) : null,
    relativeError: sum(picked.map(({ relative }) => relative)),
  });
}

/** Elements of the smallest block: rows that do not fit it are never quantized. */
const SMALLEST_BLOCK = 32;

/** Whether a tensor has a sensitivity: only one that may be quantized is measured. */
function isMeasured({ tensor, types }: Choosable): boolean {
  return types.length > 1 && (tensor.ne[0] ?? 1) % SMALLEST_BLOCK === 0;
}

function doubts({ params, emit }: TargetContext): CoverageSink {
  return { strict: params.strict, emit };
}

const NO_LOSS: Loss = { weighted: 0, whole: 0 };

type SizeOf = (tensor: KeptTensor, type: GgmlType) => number;

/** Any file type: with `pure`, the recipe's steps before it find what options and names fix. */
const ANY = 'Q8_0';

function findChoosable(source: QuantizeSource, request: QuantizeRequest): Choosable[] {
  const { kept } = keptTensors(source, request);
  const types = { ...request, pure: true, fileType: ANY, hasImatrix: hasEntries(request.imatrix) } as const;
  const fixed = chooseQuantTypes(kept, types, factsOf(source, request));
  return kept.map((tensor, i) => {
    const { type, why, instead } = fixed[i] as Choice;
    if (instead || why !== '--pure') {
      return { tensor, types: [type], why };
    }
    const hasWeights =
      request.imatrix !== undefined && importanceOf(request.imatrix, tensor.entry, tensor.ne) !== undefined;
    return { tensor, types: candidateTypes({ ...tensor, hasWeights }) };
  });
}

function recipeOf(choosable: readonly Choosable[], choices: readonly Choice[]) {
  const bytes = new Map<GgmlType, number>();
  for (const [i, { type }] of choices.entries()) {
    bytes.set(type, (bytes.get(type) ?? 0) + sizeOf(type, choosable[i]?.tensor.ne ?? []));
  }
  const [[most] = ['F32' as const]] = [...bytes].sort(([, a], [, b]) => b - a);
  return { choose: () => choices, number: fileTypeNumber(most) };
}

/**
 * Bytes that the tensors may take: the header does not depend on their types.
 * @throws TargetTooSmallError
 */
function budgetFor(
  choosable: readonly Choosable[],
  bytes: SizeOf,
  { label, bytes: allowed }: TargetSize,
  layOut: (choices: readonly Choice[]) => PlannedFile[],
): number {
  const whole = sum(layOut(smallestChoices(choosable)).map(({ size }) => size));
  const most = allowed(sum(choosable.map(({ tensor }) => elementCount(tensor.ne))));
  if (whole > most) {
    throw new TargetTooSmallError(
      `The file cannot be as small as ${label}${/\d$/.test(label) ? ' B' : ''}: with every tensor in its smallest type it has ${whole} bytes.`,
      'Ask for more. With an importance matrix (--imatrix) there are smaller types.',
    );
  }
  return most - whole + leastBytes(choosable, bytes);
}

function smallestChoices(choosable: readonly Choosable[]): Choice[] {
  return choosable.map(({ types }) => ({ type: smallestOf(types), why: '' }));
}

/** Leaves each tensor only the types near the target's average, where these can meet the budget: fewer to measure. */
function nearTarget(choosable: readonly Choosable[], bytes: SizeOf, budget: number): readonly Choosable[] {
  const bits = (8 * budget) / sum(choosable.map(({ tensor }) => elementCount(tensor.ne)));
  const fewer = choosable.map((one) => ({ ...one, types: near(one.types, bits) }));
  return leastBytes(fewer, bytes) <= budget ? fewer : choosable;
}

function leastBytes(choosable: readonly Choosable[], bytes: SizeOf): number {
  return sum(choosable.map(({ tensor, types }) => bytes(tensor, smallestOf(types))));
}

function smallestOf(types: readonly GgmlType[]): GgmlType {
  return types.reduce((least, type) => (bitsOf(type) < bitsOf(least) ? type : least));
}

/** What has to be measured: for each type, the tensors that may have it. */
function versions(searches: readonly Search[], request: QuantizeRequest) {
  const choosable = searches.flatMap((search) => search.choosable);
  const types = new Set(choosable.flatMap(({ types }) => types));
  return new Map(
    [...types].map((type) => {
      const wanted = choosable.filter(({ tensor, types }) => types.includes(type) && type !== tensor.type);
      const tensors = new Set(wanted.map(({ tensor }) => tensor));
      return [type, [...tensors].map((tensor) => quantizedTensor(tensor, { type, why: '' }, request))];
    }),
  );
}

/**
 * The reason of a choice: its damage, and for comparison that of the next smaller type and of the next larger one that
 * does less damage.
 */
function reason(type: GgmlType, candidates: readonly Candidate[]): string {
  const sorted = candidates.toSorted((a, b) => a.size - b.size || b.damage - a.damage);
  const at = sorted.findIndex((candidate) => candidate.type === type);
  const own = sorted[at];
  const smaller = sorted.slice(0, at).findLast(({ size }) => size < (own?.size ?? 0));
  const larger = sorted.slice(at + 1).find(({ damage }) => damage < (own?.damage ?? 0));
  const others = [smaller, larger].flatMap((other) => (other ? `${other.type} ${other.damage.toExponential(1)}` : []));
  const damage = `damage ${own?.damage.toExponential(1)}`;
  return others.length > 0 ? `${damage} (${others.join(', ')})` : damage;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
