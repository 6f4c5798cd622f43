import type { Jobs } from '../async/jobs.js';
import { GateError } from '../errors.js';
import { leastMemory } from '../fill/least-memory.js';
import { plannedSources } from '../fill/source-uses.js';
import { wantedTensors } from '../fill/wanted.js';
import { blockSize, type GgmlType } from '../gguf/types.js';
import type { PlannedFile, UnplacedPlan } from '../layout/plan.js';
import type { Repo } from '../repo/repo.js';
import { type WarningSink, warn } from '../warnings.js';
import type { OutputParams } from './params.js';

export class FallbackError extends GateError {}

/** The default of `maxMemory`, the bytes of a conversion's buffers. */
export const DEFAULT_MAX_MEMORY = 192 * 2 ** 20;

/** A larger share of parameters in another type than the requested one causes a warning. */
const WARN_FALLBACK_SHARE = 0.05;

export interface PlanSources {
  readonly repo: Repo;
  readonly architecture: string;
  readonly files: readonly PlannedFile[];
  readonly params: OutputParams & Jobs;
  emit: WarningSink['emit'];
}

/**
 * Adds up the planned files, and warns of fallbacks to other types.
 * @throws MemoryLimitError, and FallbackError with `strict`
 */
export function finishPlan({ repo, architecture, files, params, emit }: PlanSources): UnplacedPlan {
  reportFallbacks(files, params, emit);
  const tensors = wantedTensors(files, repo);
  return {
    source: { id: repo.id, revision: repo.revision, architecture },
    files,
    sources: plannedSources(tensors, repo),
    sourceBytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
    memory: leastMemory(tensors, params.maxMemory ?? DEFAULT_MAX_MEMORY),
    disk: files.reduce((sum, file) => sum + file.size, 0),
  };
}

function reportFallbacks(files: readonly PlannedFile[], params: OutputParams, emit: PlanSources['emit']): void {
  const fallbacks = files.flatMap((file) => {
    const first = firstFallback(file);
    return first && (params.strict || file.fallbackShare > WARN_FALLBACK_SHARE) ? [{ file, first }] : [];
  });
  for (const [i, { file, first }] of fallbacks.entries()) {
    const what = fallbackWarning(file) ?? '';
    const fitting = fittingTypes(first.ne[0] ?? 1).join(', ') || 'F16, BF16';
    const why = `Its ${first.why}; types that fit its rows: ${fitting}.`;
    if (params.strict) {
      throw new FallbackError(what, `${why} Choose one of them, or leave out --strict.`);
    }
    // The explanation is the same for all, and stands below the last.
    warn({ emit }, what, i === fallbacks.length - 1 ? why : undefined);
  }
}

/** What is said of a file some of whose parameters get another type than the requested one; null where none do. */
export function fallbackWarning(file: Fallbacks): string | null {
  const first = firstFallback(file);
  return (
    first &&
    `${(file.fallbackShare * 100).toFixed(1)} % of the parameters don't get the type that ${file.type} asks for: ` +
      `${first.name} becomes ${first.type} instead of ${first.instead}.`
  );
}

type Fallbacks = Pick<PlannedFile, 'type' | 'tensors' | 'fallbackShare'>;

function firstFallback({ tensors }: Fallbacks) {
  return tensors.find((tensor) => tensor.instead) ?? null;
}

/** File types whose tensors all have small blocks, from the largest to the smallest. */
const SMALL_BLOCKS: readonly GgmlType[] = ['Q8_0', 'Q5_1', 'Q5_0', 'Q4_1', 'Q4_0', 'IQ4_NL'];

function fittingTypes(columns: number): readonly GgmlType[] {
  return SMALL_BLOCKS.filter((type) => columns % blockSize(type) === 0);
}
