import { basename } from 'node:path';
import type { Jobs } from '../async/jobs.js';
import { PLAN_STAGES, WRITE_STAGES } from '../async/stages.js';
import type { Call } from '../async/stream.js';
import type { ConvertEvent, ConvertResult } from '../calls/events.js';
import { type Planner, planning, writing } from '../calls/run.js';
import { UsageError } from '../errors.js';
import { KeyValues } from '../gguf/key-values.js';
import { align } from '../gguf/writer.js';
import { partOf } from '../gguf-files/locate.js';
import { placeTensors, type UnplacedTensor } from '../layout/layout.js';
import type { Plan, PlannedFile } from '../layout/plan.js';
import { MAX_GGUF_PARTS } from '../limits.js';
import { checkOutputParams } from '../plan/check-params.js';
import { finishPlan } from '../plan/finish-plan.js';
import { type GgufModel, openGgufModel } from '../plan/gguf-model.js';
import type { OutputParams } from '../plan/params.js';
import { elementCount } from '../tensor/expr.js';
import { shapeOf } from '../tensor/rows.js';
import { architectureOf, copiedKeyValues, copiedTensor, fileTypeName } from './copies.js';

/** llama-gguf-split's options; of the two limits, one. */
export interface SplitParams extends Omit<OutputParams, 'strict' | 'stats'> {
  /** A GGUF file's path, or `org/model[@revision]:file.gguf`; where it is split already, all of its parts are taken. */
  readonly source: string;
  /** Tensors of a part. @default 128 */
  readonly splitMaxTensors?: number;
  /** Of a part's tensors together: a number with `M` (1,000,000 bytes) or `G`. A larger tensor has a part of its own. */
  readonly splitMaxSize?: string;
  /** A first part of key-values alone. @default false */
  readonly noTensorFirstSplit?: boolean;
}

export class SplitLimitError extends UsageError {}

/**
 * Splits a GGUF file into parts, NAME-00001-of-00003.gguf and so on: the bytes that llama-gguf-split writes.
 * @throws UsageError, UnsupportedError, SourceError, HubError, ResourceError, InterruptedError
 */
export function split(params: SplitParams): Call<ConvertEvent, ConvertResult> {
  return writing(planner, params, WRITE_STAGES);
}

/** The plan of a split, from the headers alone. @throws as `split` */
export async function planSplit(params: SplitParams, emit: (event: ConvertEvent) => void = () => {}): Promise<Plan> {
  return planning(planner, params, emit, { stages: PLAN_STAGES });
}

function planner(params: SplitParams & Jobs, emit: (event: ConvertEvent) => void): Planner<GgufModel> {
  checkOutputParams(params);
  const limit = readLimit(params);
  return {
    open: () => openGgufModel(params.source, { ...params, emit }, { emit }),
    plan: (model) => plan(model, limit, params, emit),
    placing: { isPrefix: true },
  };
}

type Limit = { readonly tensors: number } | { readonly bytes: number };

const DEFAULT_TENSORS = 128;
const UNITS = { M: 1e6, G: 1e9 } as const;

function readLimit({ splitMaxTensors, splitMaxSize }: SplitParams): Limit {
  if (splitMaxSize === undefined) {
    return { tensors: splitMaxTensors ?? DEFAULT_TENSORS };
  }
  if (splitMaxTensors !== undefined) {
    throw new SplitLimitError('--split-max-tensors and --split-max-size are both given.', 'Choose one of them.');
  }
  const { count, unit } = /^(?<count>\d{1,9})(?<unit>[MG])$/.exec(splitMaxSize)?.groups ?? {};
  const bytes = Number(count) * UNITS[unit as keyof typeof UNITS];
  if (!(bytes > 0)) {
    throw new SplitLimitError(
      `--split-max-size ${splitMaxSize} is no size.`,
      'Give a whole number with M (1,000,000 bytes) or G, such as 2G.',
    );
  }
  return { bytes };
}

function plan(model: GgufModel, limit: Limit, params: SplitParams & Jobs, emit: (event: ConvertEvent) => void) {
  const groups = groupTensors(model.tensors.map(copiedTensor), limit, params.noTensorFirstSplit ?? false);
  const kv = copiedKeyValues(model, { emit });
  const type = fileTypeName(kv);
  const whole = basename(model.name).replace(/(-\d{5}-of-\d{5})?\.gguf$/i, '');
  const files = groups.map((tensors, number): PlannedFile => {
    const own = number === 0 ? kv : new KeyValues();
    for (const key of ['split.no', 'split.tensors.count', 'split.count']) {
      own.delete(key);
    }
    own
      .scalar('split.no', 'u16', number)
      .scalar('split.tensors.count', 'i32', model.tensors.length)
      .scalar('split.count', 'u16', groups.length);
    const name = partOf(whole, number, groups.length);
    return placeTensors({ name, part: [number, groups.length], type, kv: own, tensors, padded: true });
  });
  return finishPlan({ repo: model.repo, architecture: architectureOf(kv), files, params, emit });
}

/** What goes into which part, as llama-gguf-split decides it: by sizes padded to the default alignment. */
function groupTensors(tensors: readonly UnplacedTensor[], limit: Limit, isFirstEmpty: boolean): UnplacedTensor[][] {
  let group: UnplacedTensor[] = [];
  const groups = isFirstEmpty ? [[], group] : [group];
  let bytes = 0;
  for (const [index, tensor] of tensors.entries()) {
    const size = align(elementCount(shapeOf(tensor.expr)));
    const isFull = 'bytes' in limit ? bytes + size > limit.bytes : index > 0 && index % limit.tensors === 0;
    if (isFull) {
      if (group.length === 0) {
        throw new SplitLimitError(
          `The first tensor, ${tensor.name}, has ${size} bytes, so that a part before it would be empty.`,
          'Give a larger --split-max-size.',
        );
      }
      group = [];
      groups.push(group);
      bytes = 0;
    }
    group.push(tensor);
    bytes += size;
  }
  if (groups.length > MAX_GGUF_PARTS) {
    throw new SplitLimitError(
      `There would be ${groups.length} parts, more than ${MAX_GGUF_PARTS}.`,
      'Allow more tensors or a larger size.',
    );
  }
  return groups;
}
