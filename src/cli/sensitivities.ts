import { type ConvertParams, type OutputParams, parseAsked, type QuantizeOptions } from '../convert/params.js';
import { UnsupportedError } from '../errors.js';
import type { ConvertEvent } from '../events.js';
import { stream } from '../stream.js';
import type { Calls } from './auto-imatrix.js';
import type { OutputFlags } from './quantize-options.js';

type Params = OutputParams & QuantizeOptions & Pick<ConvertParams, 'source' | 'arch' | 'preTokenizer'>;
type Emit = (event: ConvertEvent) => void;

/** Whether types are chosen by a size. */
export function hasTarget({ targetSize, targetBpw }: Pick<QuantizeOptions, 'targetSize' | 'targetBpw'>): boolean {
  return (targetSize ?? targetBpw) !== undefined;
}

/** A command's calls; with a target size the model's sensitivities are measured before. */
export function withSensitivities<P extends Params>({ imatrixText }: OutputFlags, calls: Calls<P>): Calls<P> {
  const measured = async (params: P, emit: Emit): Promise<P> => {
    if (!hasTarget(params)) {
      return params;
    }
    // What is wrong with the options should be known before the model runs.
    parseAsked(params);
    // Loaded where it is used: a plain conversion starts sooner.
    const { RemoteGgufError } = await import('../runner/model.js');
    const { measureSensitivities } = await import('../runner/sensitivity/measure.js');
    const silent = (event: ConvertEvent) => event.event !== 'warning' && emit(event);
    const sensitivities = await measureSensitivities({ ...params, text: imatrixText }, silent).catch(
      (error: unknown) => {
        if (error instanceof UnsupportedError || error instanceof RemoteGgufError) {
          emit({ event: 'warning', message: `${error.what} So errors count relative to each tensor's values.` });
          return undefined;
        }
        throw error;
      },
    );
    return sensitivities ? { ...params, sensitivities } : params;
  };
  return {
    plan: async (params, emit) => calls.plan(await measured(params, emit), emit),
    async *write(params) {
      const known = yield* stream((emit: Emit, signal) => measured({ ...params, signal }, emit), params.signal);
      return yield* calls.write({ ...known, signal: params.signal });
    },
  };
}
