import { blockSize, GGML_TYPES, type GgmlType, rowBytes } from '../../gguf/types.js';
import { NEEDS_WEIGHTS } from '../native.js';
import { LOWEST } from '../recipe/choose.js';

/** What decides which types a tensor can have. */
export interface CandidateSubject {
  /** Row length first. */
  readonly ne: readonly number[];
  /** Before quantization. */
  readonly type: GgmlType;
  /** Whether the importance matrix has weights for it. */
  readonly hasWeights: boolean;
}

const ALL = Object.keys(GGML_TYPES) as GgmlType[];
/** BFloat16 too, for what has little to lose: it holds every float32's range, which float16 does not. */
const SMALLER = ALL.filter((type) => blockSize(type) > 1 || type === 'BF16');

export function bitsOf(type: GgmlType): number {
  return (8 * rowBytes(type, blockSize(type))) / blockSize(type);
}

/**
 * Every type that a tensor's rows fit and that saves something, and its own. Types of so few bits that they need
 * importance weights are among them only where there are such.
 */
export function candidateTypes({ ne, type, hasWeights }: CandidateSubject): GgmlType[] {
  const columns = ne[0] ?? 1;
  const smaller = SMALLER.filter(
    (candidate) =>
      columns % blockSize(candidate) === 0 &&
      bitsOf(candidate) < bitsOf(type) &&
      (hasWeights || !(LOWEST.includes(candidate) || NEEDS_WEIGHTS.includes(candidate))),
  );
  return [...smaller, type];
}

/** How many times fewer, and more, bits a tensor gets than the average: what is farther off is hardly ever chosen. */
const FEWER = 1.9;
const MORE = 2;

/**
 * Keeps the types near the average number of bits that the target leaves: others are hardly ever chosen and need not be
 * measured. Where none is near, keeps the nearest one.
 */
export function near(candidates: readonly GgmlType[], bits: number): GgmlType[] {
  const inside = candidates.filter((type) => bitsOf(type) >= bits / FEWER && bitsOf(type) <= bits * MORE);
  const distance = (type: GgmlType) => Math.abs(Math.log(bitsOf(type) / bits));
  return inside.length > 0 ? inside : candidates.toSorted((a, b) => distance(a) - distance(b)).slice(0, 1);
}
