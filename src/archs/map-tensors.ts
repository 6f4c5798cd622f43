import type { Config } from '../config/config.js';
import { blockCount } from '../config/derive.js';
import { SourceError } from '../errors.js';
import { isFloat } from '../tensor/dtype.js';
import type { SourceExpr, TensorExpr } from '../tensor/expr.js';
import type { Architecture, TensorRule } from './architecture.js';
import { isBuffer, templateOf, textName } from './names.js';
import { wrapperOf } from './wrapped-names.js';

/** A tensor of the checkpoint that the architecture has no name for, or two with one name. */
export class TensorMappingError extends SourceError {}

/** A tensor of whole numbers where a model has weights. */
export class IntegerWeightsError extends SourceError {}

/** A tensor of the file, before its type is chosen. */
export interface MappedTensor {
  readonly name: string;
  readonly expr: TensorExpr;
}

/** A tensor of the text model, under the name that rules know it by. */
export interface TextTensor {
  readonly name: string;
  readonly source: SourceExpr;
}

/** The checkpoint's tensors that belong to the text model, in their order: those that decide an outtype of `auto`. */
export function textTensors(architecture: Architecture, sources: Iterable<SourceExpr>): TextTensor[] {
  const tensors: TextTensor[] = [];
  for (const source of sources) {
    const name = textName(source.name, architecture.strip);
    if (name !== null) {
      tensors.push({ name, source });
    }
  }
  return tensors;
}

/**
 * The file's tensors in the reference's order: those made from the configuration, then the checkpoint's in theirs.
 * @param sources in the checkpoint's order: shards in name order, each shard's tensors sorted by name.
 * @throws TensorMappingError, IntegerWeightsError
 */
export function mapTensors(
  architecture: Architecture,
  config: Config,
  sources: Iterable<SourceExpr>,
): readonly MappedTensor[] {
  const rules = new Map(architecture.tensors.flatMap((rule) => rule.from.map((from) => [from, rule] as const)));
  const blocks = blockCount(config);
  const mapped = new Map<string, MappedTensor>();
  const add = (tensor: MappedTensor, from: string): void => {
    if (mapped.has(tensor.name)) {
      throw new TensorMappingError(
        `The checkpoint has more than one tensor for ${tensor.name}; one is ${from}.`,
        'Remove the one that does not belong to the model.',
      );
    }
    mapped.set(tensor.name, tensor);
  };

  for (const { name, expr } of architecture.extra?.(config) ?? []) {
    add({ name, expr }, 'made from config.json');
  }
  for (const { name, source } of textTensors(architecture, sources)) {
    if (!isBuffer(name)) {
      add(mapTensor(architecture, config, rules, blocks, name, source), source.name);
    }
  }
  return [...mapped.values()];
}

function mapTensor(
  { gguf }: Architecture,
  config: Config,
  rules: ReadonlyMap<string, TensorRule>,
  blocks: number,
  name: string,
  source: SourceExpr,
): MappedTensor {
  const parsed = templateOf(name);
  const rule = parsed && rules.get(parsed.template);
  if (!parsed || !rule) {
    const wrapper = wrapperOf(source.name);
    if (wrapper) {
      throw new TensorMappingError(
        `Can not map tensor ${source.name} of ${source.file}: the name is ${wrapper.what}.`,
        wrapper.next,
      );
    }
    throw new TensorMappingError(
      `Can not map tensor ${source.name} of ${source.file}: ${gguf} has no such tensor.`,
      'The checkpoint may be quantized, or of another architecture than its config.json says; --arch names another.',
    );
  }
  const { bid, suffix } = parsed;
  if (bid !== null && bid >= blocks) {
    throw new TensorMappingError(
      `Can not map tensor ${source.name} of ${source.file}: config.json gives the model ${blocks} blocks only.`,
      'Correct the number of layers in config.json, or remove the tensor.',
    );
  }
  if (!isFloat(source.dtype)) {
    throw new IntegerWeightsError(
      `Tensor ${source.name} of ${source.file} is of dtype ${source.dtype}: codes of a quantized checkpoint, not weights.`,
      'Convert the unquantized model that it was made from; its model card may name it as base_model.',
    );
  }
  const expr = rule.transform?.(source, { config, name: source.name, bid, suffix }) ?? source;
  return { name: rule.to.replace('{bid}', String(bid)) + suffix, expr };
}
