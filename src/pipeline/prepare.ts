import { parseAsked } from '../convert/params.js';
import { readRequest } from '../convert/quantize-request.js';
import { encodeSensitivities } from '../convert/sensitivities.js';
import { writeWhole } from '../convert/write-whole.js';
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
export async function expected<Params extends PipelineParams>(params: Run<Params>): Promise<Run<Params>> {
  return params.imatrix === 'auto'
    ? { ...params, imatrix: named(await expectImatrix(collecting(params)), params) }
    : params;
}

/**
 * With what running the model finds: the importance matrix in place of `auto`; for a target size the sensitivities.
 * @param options.keep write both to the files that are named for them.
 * @throws as `collectImatrix`, `measureSensitivities` and `writeWhole`
 */
export async function measured<Params extends PipelineParams>(
  params: Run<Params>,
  emit: Emit,
  { keep }: { readonly keep: boolean },
): Promise<Run<Params>> {
  if (hasTarget(params)) {
    // What is wrong with the options should be known before the model runs.
    parseAsked(params);
    await readRequest(await expected(params));
  }
  const { imatrix } = params;
  const known =
    imatrix === 'auto'
      ? {
          ...params,
          imatrix: named(
            await collectImatrix({ ...collecting(params), imatrixOut: keep ? params.imatrixOut : undefined }, emit),
            params,
          ),
        }
      : params;
  return hasTarget(params) && !params.sensitivities
    ? withSensitivities(known, emit, keep ? params.sensitivitiesOut : undefined)
    : known;
}

/** The output names the file that has it, as it would if that were given. */
function named<Matrix extends { readonly file: string }>(imatrix: Matrix, { imatrixOut }: PipelineParams): Matrix {
  return { ...imatrix, file: imatrixOut ?? imatrix.file };
}

function collecting<Params extends PipelineParams>(params: Run<Params>) {
  return { ...params, text: params.imatrixText };
}

/** A model that cannot be run has its types chosen all the same. */
async function withSensitivities<Params extends PipelineParams>(
  params: Run<Params>,
  emit: Emit,
  path: string | undefined,
): Promise<Run<Params>> {
  try {
    const sensitivities = await measureSensitivities(collecting(params), emit);
    if (path !== undefined) {
      emit({
        event: 'kept',
        what: 'sensitivities',
        path,
        size: await writeWhole(path, [encodeSensitivities(sensitivities)]),
      });
    }
    return { ...params, sensitivities };
  } catch (error) {
    if (!(error instanceof UnsupportedError)) {
      throw error;
    }
    warn({ emit }, `${error.what} So errors count relative to each tensor's values.`);
    return params;
  }
}
