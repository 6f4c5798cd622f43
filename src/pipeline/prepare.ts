import { UnsupportedError } from '../errors.js';
import type { ConvertEvent } from '../events.js';
import { collectImatrix, expectImatrix } from '../runner/imatrix/auto.js';
import type { OpenedModels } from '../runner/model.js';
import { measureSensitivities } from '../runner/sensitivity/measure.js';
import { warn } from '../warnings.js';
import { hasTarget, type PipelineParams } from './params.js';

/** With the models that were opened on the way. */
export type Run<Params extends PipelineParams> = Params & { readonly opened: OpenedModels };

type Emit = (event: ConvertEvent) => void;

/** With an importance matrix in place of `auto` in which all columns count alike: enough for a plan of given types. */
export async function expected<Params extends PipelineParams>(params: Run<Params>, emit: Emit): Promise<Run<Params>> {
  const options = { ...collecting(params), emit: waitsOf(emit) };
  return params.imatrix === 'auto' ? { ...params, imatrix: await expectImatrix(options) } : params;
}

/** The Hub's pauses alone: what else is to be told is told by the step that it concerns. */
export function waitsOf(emit: Emit): (event: ConvertEvent) => void {
  return (event) => event.event === 'wait' && emit(event);
}

/**
 * With what running the model finds: the importance matrix in place of `auto`; for a target size the sensitivities.
 * @throws as `collectImatrix` and `measureSensitivities`
 */
export async function measured<Params extends PipelineParams>(params: Run<Params>, emit: Emit): Promise<Run<Params>> {
  const { imatrix } = params;
  const known = imatrix === 'auto' ? { ...params, imatrix: await collectImatrix(collecting(params), emit) } : params;
  return hasTarget(params) && !params.sensitivities ? withSensitivities(known, emit) : known;
}

function collecting<Params extends PipelineParams>(params: Run<Params>) {
  return { ...params, text: params.imatrixText };
}

/** A model that cannot be run has its types chosen all the same. */
async function withSensitivities<Params extends PipelineParams>(params: Run<Params>, emit: Emit): Promise<Run<Params>> {
  try {
    return { ...params, sensitivities: await measureSensitivities(collecting(params), emit) };
  } catch (error) {
    if (!(error instanceof UnsupportedError)) {
      throw error;
    }
    warn({ emit }, `${error.what} So errors count relative to each tensor's values.`);
    return params;
  }
}
