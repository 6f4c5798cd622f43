import { formatFixed } from './python.js';

/** What a model's size label is made from, after gguf-py's `GGUFWriter.get_total_parameter_count`. */
export interface ParameterCounts {
  /** Negative for an adapter: its own tensors say little about the model. 0: unknown, as with a vocabulary alone. */
  readonly total: number;
  /** Outside the experts. */
  readonly shared: number;
  /** Of one expert in every layer. */
  readonly expert: number;
  /** Average over the stacked expert tensors, rounded down. */
  readonly experts: number;
}

export const NO_PARAMETERS: ParameterCounts = { total: 0, shared: 0, expert: 0, experts: 0 };

/** @param tensors of the output, in file order; shapes outermost dimension first. */
export function countParameters(
  tensors: Iterable<{ readonly name: string; readonly shape: readonly number[] }>,
): ParameterCounts {
  let [total, shared, expert, expertSum, expertTensors] = [0, 0, 0, 0, 0];
  let loraA: { readonly name: string; readonly shape: readonly number[] } | undefined;
  for (const tensor of tensors) {
    const { name } = tensor;
    let { shape } = tensor;
    if (name.endsWith('.lora_a')) {
      loraA = tensor;
      continue;
    }
    if (name.endsWith('.lora_b')) {
      if (loraA?.name !== `${name.slice(0, -1)}a`) {
        return NO_PARAMETERS;
      }
      // The size of the matrix that the pair stands for.
      shape = [...shape.slice(0, -1), loraA.shape.at(-1) ?? 1];
    }
    const size = shape.reduce((product, length) => product * length, 1);
    const count = shape.at(name.includes('.bias') ? -2 : -3);
    if (name.includes('_exps.') && shape.length >= 3 && count) {
      expert += Math.floor(size / count);
      expertSum += count;
      expertTensors += 1;
    } else {
      shared += size;
    }
    total += size;
  }
  const experts = expertTensors > 0 ? Math.floor(expertSum / expertTensors) : 0;
  return { total: loraA ? -total : total, shared, expert, experts };
}

/** "7B", "8x7B", "135M": gguf-py's `size_label`. */
export function sizeLabel({ total, shared, expert, experts }: ParameterCounts): string {
  return experts > 0 ? `${experts}x${rounded(shared + expert)}` : rounded(Math.abs(total));
}

/** Two digits, more where the whole part has more. */
function rounded(count: number): string {
  const [scale, unit] =
    count > 1e12 ? [1e-12, 'T'] : count > 1e9 ? [1e-9, 'B'] : count > 1e6 ? [1e-6, 'M'] : [1e-3, 'K'];
  const scaled = count * scale;
  const wholeDigits = formatFixed(scaled, 0).replace(/^0+/, '').length;
  return formatFixed(scaled, Math.max(2 - wholeDigits, 0)) + unit;
}
