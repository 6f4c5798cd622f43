/** Tensors as plain lists of numbers in row-major order, and what builders of expressions do to them, written to be read. */
export interface Naive {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

export function elements(shape: readonly number[]): number {
  return shape.reduce((all, size) => all * size, 1);
}

/** A tensor of a shape whose element at an index is what `value` says. */
function generate(shape: readonly number[], value: (index: readonly number[]) => number): Naive {
  const values = Array.from({ length: elements(shape) }, (_, element) => {
    const index: number[] = [];
    let rest = element;
    for (const size of [...shape].reverse()) {
      index.unshift(rest % size);
      rest = Math.floor(rest / size);
    }
    return value(index);
  });
  return { shape, values };
}

function at({ shape, values }: Naive, index: readonly number[]): number {
  return values[index.reduce((place, i, dimension) => place * (shape[dimension] ?? 1) + i, 0)] as number;
}

function replaced(list: readonly number[], place: number, value: number): number[] {
  return list.map((own, i) => (i === place ? value : own));
}

export function reshape({ values }: Naive, shape: readonly number[]): Naive {
  return { shape, values };
}

export function permute(tensor: Naive, order: readonly number[]): Naive {
  const shape = order.map((dimension) => tensor.shape[dimension] ?? 1);
  return generate(shape, (index) => {
    const own = tensor.shape.map((_, dimension) => index[order.indexOf(dimension)] ?? 0);
    return at(tensor, own);
  });
}

export function slice(tensor: Naive, dimension: number, from: number, to: number, step: number): Naive {
  const shape = replaced(tensor.shape, dimension, Math.ceil((to - from) / step));
  return generate(shape, (index) => at(tensor, replaced(index, dimension, from + (index[dimension] ?? 0) * step)));
}

export function expand(tensor: Naive, dimension: number, count: number): Naive {
  return generate(replaced(tensor.shape, dimension, count), (index) => at(tensor, replaced(index, dimension, 0)));
}

export function concat(parts: readonly Naive[], axis: number): Naive {
  const [first] = parts;
  const along = parts.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
  return generate(replaced(first?.shape ?? [], axis, along), (index) => {
    let place = index[axis] ?? 0;
    const part = parts.find(({ shape }) => {
      const isHere = place < (shape[axis] ?? 0);
      place -= isHere ? 0 : (shape[axis] ?? 0);
      return isHere;
    });
    return at(part as Naive, replaced(index, axis, place));
  });
}

export function gather(tensor: Naive, axis: number, picked: readonly number[]): Naive {
  const shape = replaced(tensor.shape, axis, picked.length);
  return generate(shape, (index) => at(tensor, replaced(index, axis, picked[index[axis] ?? 0] ?? 0)));
}

const ARITHMETIC = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  div: (a: number, b: number) => a / b,
};

/** Each operation is rounded to float32. */
export function arithmetic(op: keyof typeof ARITHMETIC, left: Naive, right: Naive | number): Naive {
  const values = left.values.map((value, i) => {
    const other = typeof right === 'number' ? Math.fround(right) : (right.values[i] as number);
    return Math.fround(ARITHMETIC[op](value, other));
  });
  return { shape: left.shape, values };
}

export function apply(fn: 'neg' | 'sqrt', { shape, values }: Naive): Naive {
  return { shape, values: values.map((value) => (fn === 'neg' ? -value : Math.fround(Math.sqrt(value)))) };
}
