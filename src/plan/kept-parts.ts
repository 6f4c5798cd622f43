import type { PlainTensor } from '../checkpoint/quantized/plain-tensors.js';
import type { KeptPart } from '../layout/plan.js';
import { bytesOf } from '../tensor/dtype.js';
import { elementCount } from '../tensor/expr.js';
import { dtypeOf, shapeOf, sourcesOf } from '../tensor/rows.js';

/** What a checkpoint consists of, from its headers alone; the part with the most parameters comes first. */
export function keptParts(tensors: readonly PlainTensor[]): readonly KeptPart[] {
  const parts = new Map<string, KeptPart & { bytes: number }>();
  const counted = new Set<string>();
  for (const { expr, kept = dtypeOf(expr) } of tensors) {
    const part = parts.get(kept) ?? { kept, tensors: 0, parameters: 0, bytes: 0 };
    const own = sourcesOf(expr).filter(({ file, offset }) => !counted.has(`${offset} ${file}`));
    for (const { file, offset } of own) {
      counted.add(`${offset} ${file}`);
    }
    parts.set(kept, {
      kept,
      tensors: part.tensors + 1,
      parameters: part.parameters + elementCount(shapeOf(expr)),
      bytes: part.bytes + own.reduce((sum, { dtype, shape }) => sum + bytesOf(dtype, elementCount(shape)), 0),
    });
  }
  return [...parts.values()].sort((a, b) => b.parameters - a.parameters);
}
