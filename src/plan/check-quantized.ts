import { checkFaults } from '../loading/check.js';
import type { Fault } from '../loading/fault.js';
import { findFaults } from '../loading/faults.js';
import { overrideDoubts } from '../quantize/override-kv.js';
import { type DoubtSink, doubt } from '../warnings.js';
import { keptTensors, type QuantizeRequest, type QuantizeSource, quantizedKeyValues } from './quantized.js';

const NEXT = 'Correct or leave out --override-kv.';

/** Refuses a source of which nothing can be made that loads. @throws UnloadableError, LayersError; StrictError */
export function checkSource(source: QuantizeSource, request: QuantizeRequest, to: DoubtSink): void {
  checkFaults(faultsOf(source, request, []), to);
}

/**
 * Warns of effects of overrides that the user may not expect. They are applied, as llama-quantize does.
 * @throws StrictError
 */
export function tellOverrides(source: QuantizeSource, request: QuantizeRequest, to: DoubtSink): void {
  const { overrides } = request;
  if (overrides.length === 0) {
    return;
  }
  const known = new Set(faultsOf(source, request, []).map(({ what }) => what));
  const effects = faultsOf(source, request, overrides).filter(({ what }) => !known.has(what));
  const doubts = overrides.flatMap((override) => overrideDoubts(source.kv, override));
  for (const what of [...doubts, ...effects.map((fault) => fault.what)]) {
    doubt(to, what, NEXT);
  }
}

function faultsOf(source: QuantizeSource, request: QuantizeRequest, overrides: QuantizeRequest['overrides']): Fault[] {
  const { kept, pruning } = keptTensors(source, request);
  return findFaults({ kv: quantizedKeyValues(source, 0, { overrides }, pruning), tensors: kept });
}
