import { checkFaults, tellFaults } from '../loading/check.js';
import { type Fault, findFaults } from '../loading/faults.js';
import { overrideDoubts } from '../quantize/override-kv.js';
import type { DoubtSink } from '../warnings.js';
import { keptTensors, type QuantizeRequest, type QuantizeSource, quantizedKeyValues } from './quantized.js';

const NEXT = 'Correct or leave out --override-kv.';

/**
 * Refuses a source that does not load, and tells what overrides do to it.
 * @throws UnloadableError, LayersError; StrictError with `strict`
 */
export function checkQuantized(source: QuantizeSource, request: QuantizeRequest, to: DoubtSink): void {
  const { kept, pruning } = keptTensors(source, request);
  const faults = (overrides: QuantizeRequest['overrides']): Fault[] =>
    findFaults({ kv: quantizedKeyValues(source, 0, { overrides }, pruning), tensors: kept });
  const own = faults([]);
  checkFaults(own, to);
  // What is overridden is what was asked for, and llama-quantize does it.
  const known = new Set(own.map(({ what }) => what));
  const doubts = request.overrides.flatMap((override) => overrideDoubts(source.kv, override));
  const effects = request.overrides.length === 0 ? [] : faults(request.overrides);
  tellFaults(
    [...doubts.map((what) => `${what}.`), ...effects.map(({ what }) => what)]
      .filter((what) => !known.has(what))
      .map((what) => ({ certain: false, what, next: NEXT })),
    to,
  );
}
