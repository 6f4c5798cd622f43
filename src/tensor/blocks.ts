import { blockSize } from '../gguf/types.js';
import { concat } from './build.js';
import { type Axis, type RepackExpr, rowLength, type TensorExpr, type ViewExpr } from './expr.js';
import { arranged } from './operators/view.js';
import { shapeOf } from './rows.js';
import { mergeAxes } from './strides.js';

/** Elements that share a byte of scale. */
const GROUPS = { MXFP4: 32, NVFP4: 16 } as const;

/**
 * Blocks of ggml from codes, `[..., columns / 2]`, and scales, `[..., columns / group]`, of a byte each.
 * @throws RangeError where they do not fit each other, or a row is not whole blocks
 */
export function repack(to: RepackExpr['to'], codes: TensorExpr, scales: TensorExpr): RepackExpr {
  const columns = rowLength(shapeOf(codes)) * 2;
  const shape = [...shapeOf(codes).slice(0, -1), columns];
  const groups = [...shape.slice(0, -1), columns / GROUPS[to]];
  if (!isWholeBlocks(to, columns) || shapeOf(scales).join() !== groups.join()) {
    throw new RangeError(`[${shapeOf(codes)}] codes and [${shapeOf(scales)}] scales make no blocks of ${to}`);
  }
  return { op: 'repack', to, shape, codes, scales };
}

/** Whether rows of so many elements are whole blocks. */
export function isWholeBlocks(to: RepackExpr['to'], columns: number): boolean {
  return columns % blockSize(to) === 0;
}

/**
 * An expression above blocks as one of blocks again: views move down to codes and scales, where they keep groups
 * together. Null where they do not, and where there is anything else above blocks than views and concatenations.
 */
export function asBlocks(expr: TensorExpr): TensorExpr | null {
  switch (expr.op) {
    case 'repack':
      return expr;
    case 'view':
      return expr.of.op === 'repack' ? viewed(expr, expr.of) : null;
    case 'concat': {
      const parts = expr.of.map(asBlocks);
      const whole = parts.filter((part) => part !== null);
      return whole.length === parts.length && expr.axis < shapeOf(expr).length - 1 ? concat(whole, expr.axis) : null;
    }
    default:
      return null;
  }
}

function viewed({ axes, offset, shape }: ViewExpr, blocks: RepackExpr): TensorExpr | null {
  const { to, codes, scales } = blocks;
  const part = (of: TensorExpr, elements: number) => {
    const fewer = axes.map(([size, stride], i): Axis | null =>
      i === axes.length - 1 ? (stride === 1 ? [size / elements, 1] : null) : [size, stride / elements],
    );
    const own = fewer.filter((axis) => axis?.every(Number.isSafeInteger));
    const isWhole = own.length === axes.length && Number.isSafeInteger(offset / elements);
    const columns = rowLength(shape) / elements;
    return isWhole && Number.isSafeInteger(columns)
      ? arranged(
          of,
          { shape: [...shape.slice(0, -1), columns], axes: mergeAxes(own as Axis[]), offset: offset / elements },
          { shape: shapeOf },
        )
      : null;
  };
  const [ownCodes, ownScales] = [part(codes, 2), part(scales, GROUPS[to])];
  return ownCodes && ownScales && isWholeBlocks(to, rowLength(shape)) ? repack(to, ownCodes, ownScales) : null;
}
