import type { ConvertParams, OutputParams, QuantizeOptions } from '../convert/params.js';
import type { Plan } from '../convert/plan.js';
import { UsageError } from '../errors.js';
import type { ConvertEvent, ConvertResult } from '../events.js';
import type { CollectParams } from '../runner/imatrix/collect-from.js';
import { stream } from '../stream.js';
import type { OutputFlags } from './quantize-options.js';
import type { Work } from './run-planned.js';
import { hasTarget } from './sensitivities.js';

type Params = OutputParams & QuantizeOptions & Pick<ConvertParams, 'source' | 'arch' | 'preTokenizer'>;

/** The library's two calls of a command. */
export interface Calls<P> {
  plan(params: P, emit: (event: ConvertEvent) => void): Promise<Plan>;
  write(params: P): AsyncGenerator<ConvertEvent, ConvertResult>;
}

/**
 * A command's work; with `--imatrix auto` the source's importance matrix is computed before.
 * @throws UsageError
 */
export function withAutoImatrix<P extends Params>(params: P, { imatrixText }: OutputFlags, calls: Calls<P>): Work {
  if (params.imatrix !== 'auto') {
    if (imatrixText !== undefined && !hasTarget(params)) {
      throw new UsageError(
        '--imatrix-text has no effect without --imatrix auto or a target size.',
        'Give both, or leave it out.',
      );
    }
    return { plan: (emit) => calls.plan(params, emit), write: () => calls.write(params) };
  }
  const collecting: CollectParams = { ...params, text: imatrixText };
  // Loaded where it is used: a plain conversion starts sooner.
  const runner = () => import('../runner/imatrix/auto.js');
  const collect = async (from: CollectParams, emit: (event: ConvertEvent) => void) =>
    (await runner()).collectImatrix(from, emit);
  const expected = async () => ({ ...params, imatrix: await (await runner()).expectImatrix(collecting) });
  return {
    plan: async (emit) =>
      // What is chosen by a size depends on the very values.
      calls.plan(hasTarget(params) ? { ...params, imatrix: await collect(collecting, emit) } : await expected(), emit),
    async *write() {
      if (!hasTarget(params)) {
        // Whatever is wrong with the request should be known before the model runs.
        await calls.plan(await expected(), () => {});
      }
      const imatrix = yield* stream((emit: (event: ConvertEvent) => void, signal) => {
        const progress = (event: ConvertEvent) => event.event !== 'warning' && emit(event);
        return collect({ ...collecting, signal }, progress);
      }, params.signal);
      return yield* calls.write({ ...params, imatrix });
    },
  };
}
