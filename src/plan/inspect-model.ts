import { findArchitecture, UnsupportedArchitectureError } from '../archs/registry.js';
import { openCheckpoint } from '../checkpoint/checkpoint.js';
import { decodeCheckpoint } from '../checkpoint/quantized/decode.js';
import type { Config, Facts } from '../config/config.js';

import type { KeptPart } from '../layout/plan.js';
import { type OpenOptions, openRepo } from '../repo/open.js';
import { SmallFiles } from '../repo/small-files.js';
import { dtypeOf, shapeOf } from '../tensor/rows.js';
import { gatherFacts } from './gather-facts.js';
import { keptParts } from './kept-parts.js';
import { readConfig } from './open-model.js';

export interface InspectModelParams extends OpenOptions {
  /** `org/model[@revision]`, or a folder. */
  readonly source: string;
  readonly signal?: AbortSignal;
}

/** A model in the format of transformers, from its configuration and the headers of its weights. */
export interface ModelInspection {
  readonly source: string;
  /** The commit; null for a folder. */
  readonly revision: string | null;
  /** In config.json. */
  readonly class: string;
  /** `general.architecture` of its GGUF file; null for a class that does not convert. */
  readonly architecture: string | null;
  /** How its weights are kept; the part with the most parameters comes first. */
  readonly kept: readonly KeptPart[];
  /** In the order of the files, under plain names and with the shapes of what is decoded, outermost dimension first. */
  readonly tensors: readonly { readonly name: string; readonly kept: string; readonly shape: readonly number[] }[];
}

/**
 * Says what a model's checkpoint is.
 * @throws NoModelError where there is none; UsageError, SourceError, UnsupportedError, HubError, InterruptedError
 */
export async function inspectModel({ source, ...open }: InspectModelParams): Promise<ModelInspection> {
  const repo = await openRepo(source, open);
  const files = new SmallFiles(repo, open.signal);
  const config = await readConfig(files);
  const raw = await openCheckpoint(files, open.signal);
  const architecture = familyOf(config, await gatherFacts(files));
  const asked = { fp8AsQ8: false, keepBlocks: false, family: architecture };
  const decoded = await decodeCheckpoint(raw, config.hparams, files, asked);
  const tensors = [...(decoded.blocks ?? []), ...decoded.tensors];
  return {
    source,
    revision: repo.revision,
    class: config.architecture,
    architecture,
    kept: keptParts(tensors),
    tensors: tensors.map(({ name, expr, kept = dtypeOf(expr) }) => ({ name, kept, shape: shapeOf(expr) })),
  };
}

function familyOf(config: Config, facts: Facts): string | null {
  try {
    return findArchitecture({ config, facts }).gguf;
  } catch (error) {
    if (error instanceof UnsupportedArchitectureError) {
      return null;
    }
    throw error;
  }
}
