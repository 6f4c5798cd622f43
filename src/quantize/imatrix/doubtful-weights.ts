import { listed } from '../../listed.js';
import { type DoubtSink, doubt } from '../../warnings.js';
import type { Imatrix, ImatrixEntry } from './imatrix.js';

/** Share of a tensor's columns that may be zero: some activations never fire. */
const USUAL_ZEROS = 0.1;

const COMPUTE_AGAIN = 'Compute the matrix again, or leave these tensors out with --exclude-weights.';

/**
 * Says which tensors have importance weights that make no sense of their errors. Experts that the text never reached
 * are no part of it: their columns count alike.
 * @param names of the tensors whose weights are used.
 * @throws StrictError with `strict`
 */
export function doubtWeights(to: DoubtSink, { file, entries }: Imatrix, names: readonly string[]): void {
  const found = names.map((name) => ({ name, ...flawsOf(entries.get(name)) }));
  const negative = found.filter(({ hasNegative }) => hasNegative);
  if (negative.length > 0) {
    doubt(
      to,
      `${file} has negative importance for ${listed(negative.map(({ name }) => name))}: means of squares are never so, ` +
        'and larger errors look better there.',
      COMPUTE_AGAIN,
    );
  }
  const zero = found.filter(({ zeros }) => zeros >= USUAL_ZEROS);
  if (zero.length > 0) {
    const shares = zero.map(({ name, zeros }) => `${name} (${percent(zeros)} of its columns)`);
    doubt(
      to,
      `${file} has an importance of zero in ${listed(shares)}: errors there count for nothing, so that the weights ` +
        'may become anything.',
      COMPUTE_AGAIN,
    );
  }
}

interface Flaws {
  readonly hasNegative: boolean;
  /** Share of the columns of experts that were reached: 0 to 1. */
  readonly zeros: number;
}

// A loop rather than calls: a large mixture of experts has hundreds of millions of values.
function flawsOf({ values, counts }: ImatrixEntry = { values: new Float32Array(0), counts: [] }): Flaws {
  const columns = values.length / Math.max(1, counts.length);
  let [zeros, total, hasNegative] = [0, 0, false];
  for (const [expert, count] of counts.entries()) {
    if (count <= 0 && counts.length > 1) {
      continue;
    }
    total += columns;
    for (let i = expert * columns; i < (expert + 1) * columns; i++) {
      const value = values[i] ?? 0;
      zeros += value === 0 ? 1 : 0;
      hasNegative ||= value < 0;
    }
  }
  return { hasNegative, zeros: total > 0 ? zeros / total : 0 };
}

function percent(share: number): string {
  return share === 1 ? 'all' : `${Math.floor(share * 100)} %`;
}
