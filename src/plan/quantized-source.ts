import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { isObject, type JsonObject } from '../json.js';
import type { Metadata } from '../metadata/metadata.js';
import { type WarningSink, warn } from '../warnings.js';

export interface QuantizedSource {
  readonly checkpoint: Checkpoint;
  /** The repository. */
  readonly id: string;
  readonly config: JsonObject | null;
  readonly metadata: Metadata;
  /** Whether weights get a type of fewer bits than float16. */
  readonly isQuantized: boolean;
}

/** Tells what the user may not know of weights that a checkpoint keeps quantized. */
export function tellQuantizedSource({ checkpoint, isQuantized, ...of }: QuantizedSource, to: WarningSink): void {
  const { tensors, hasBlocks, blocks = [] } = checkpoint;
  const methods = [...new Set([...tensors, ...blocks].flatMap(({ kept }) => kept ?? []))];
  if (hasBlocks) {
    warn(to, 'The checkpoint has weights in blocks that ggml has too; they are decoded.', '--keep-blocks keeps them.');
  }
  if (isQuantized && tensors.some(({ kept }) => kept)) {
    const original = originalOf(of);
    warn(
      to,
      `The checkpoint is quantized already (${methods.join(', ')}): quantizing its weights again loses quality twice.`,
      original === undefined
        ? 'If the unquantized model is published, convert that one.'
        : `Convert ${original}, which this model is made from, if that is unquantized.`,
    );
  }
}

/** The model that the card or config.json names as the one that this was made from. */
function originalOf({ id, config, metadata }: Omit<QuantizedSource, 'checkpoint' | 'isQuantized'>): string | undefined {
  const url = metadata.baseModels?.[0]?.repo_url;
  const path = isObject(config) ? config._name_or_path : undefined;
  const named = [url?.replace(/^https:\/\/huggingface\.co\//, ''), path];
  return named.find((name): name is string => typeof name === 'string' && HUB_NAME.test(name) && name !== id);
}

const HUB_NAME = /^[\w-][\w.-]{0,95}\/[\w-][\w.-]{0,95}$/;
