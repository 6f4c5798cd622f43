import type { GgmlType } from '../gguf/types.js';
import { listed } from '../listed.js';
import type { ValueFault } from '../quantize/native.js';
import { type DoubtSink, doubt } from '../warnings.js';

/** A value that is written although it is NaN or infinite, or becomes infinite in the file's type. */
export interface DoubtfulValue extends ValueFault {
  readonly tensor: string;
  readonly type: GgmlType;
}

/** Collects doubtful values, the first of each tensor. */
export class DoubtfulValues {
  readonly #first = new Map<string, DoubtfulValue>();

  add(value: DoubtfulValue): void {
    const key = `${value.kind} ${value.tensor}`;
    const known = this.#first.get(key);
    if (!known || isBefore(value, known)) {
      this.#first.set(key, value);
    }
  }

  /** Warns of each tensor's value. @throws StrictError with `strict` */
  report(to: DoubtSink): void {
    const found = [...this.#first.values()];
    const broken = found.filter(({ kind }) => kind === 'non-finite');
    if (broken.length > 0) {
      doubt(
        to,
        `${holding(broken)} values that are NaN or infinite: ${places(broken)}.`,
        'The checkpoint is damaged, and llama.cpp will compute nothing of use with it: download it again.',
      );
    }
    const tooLarge = found.filter(({ kind }) => kind === 'overflow');
    if (tooLarge.length > 0) {
      const types = [...new Set(tooLarge.map(({ type }) => type))].sort().join(' and ');
      doubt(
        to,
        `${holding(tooLarge)} values that are too large for ${types} and become infinite: ${places(tooLarge)}.`,
        'Choose a type with a wider range: --outtype bf16 or f32.',
      );
    }
  }
}

function isBefore(a: ValueFault, b: ValueFault): boolean {
  return a.row < b.row || (a.row === b.row && a.column < b.column);
}

function holding({ length }: readonly DoubtfulValue[]): string {
  return length === 1 ? '1 tensor holds' : `${length} tensors hold`;
}

function places(values: readonly DoubtfulValue[]): string {
  const sorted = [...values].sort((a, b) => a.tensor.localeCompare(b.tensor, 'en', { numeric: true }));
  return listed(sorted.map(({ tensor, row, column }) => `${tensor} (first in row ${row}, column ${column})`));
}
