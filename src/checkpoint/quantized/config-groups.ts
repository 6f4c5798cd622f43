import { isObject, type Json, type JsonObject } from '../../json.js';
import { blockOf } from './fp8.js';
import { QuantizedTensorError } from './plain-tensors.js';

/** How some of the modules are quantized. */
export interface Form {
  readonly bits: number;
  /** Columns of a group; null: all of a row. */
  readonly group: number | null;
  readonly block: readonly number[] | null;
}

/** Distinct forms of one checkpoint: each module tries all of them. */
const MAX_FORMS = 64;

/** @throws QuantizedTensorError for what is no number of bits, group or block */
export function formsOf(groups: Json | undefined): readonly Form[] {
  const all = isObject(groups) ? Object.values(groups) : [];
  const weights = all.flatMap((group) => (isObject(group) && isObject(group.weights) ? [group.weights] : []));
  const forms = new Map(weights.map(formOf).map((form) => [JSON.stringify(form), form]));
  if (forms.size > MAX_FORMS) {
    throw new QuantizedTensorError(`config_groups in config.json has ${forms.size} different forms of weights.`);
  }
  return [...forms.values()];
}

function formOf({ num_bits: bits, group_size: group, block_structure: block, strategy }: JsonObject): Form {
  const isGroup = group === undefined || group === null || group === -1 || (isCount(group) && group > 0);
  if (!isCount(bits) || bits < 1 || bits > 16 || !isGroup) {
    throw new QuantizedTensorError(
      `config_groups in config.json has ${JSON.stringify(bits)} bits in groups of ${JSON.stringify(group)}.`,
    );
  }
  const sizes = typeof block === 'string' ? block.split('x').map(Number) : block;
  return {
    bits,
    group: isCount(group) && strategy !== 'channel' && strategy !== 'tensor' ? group : null,
    block: blockOf(sizes, 'block_structure'),
  };
}

function isCount(value: Json | undefined): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Groups of so many columns. */
export function groupsOf({ group }: Form, columns: number): number {
  return group === null ? 1 : Math.ceil(columns / group);
}
