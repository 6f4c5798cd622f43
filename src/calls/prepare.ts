import { UnsupportedError } from '../errors.js';
import { checkOutputs, guardOf } from '../output/guard.js';
import { GGUF_FILE } from '../output/kinds.js';
import { knownPath } from '../output/output-paths.js';
import { writeWhole } from '../output/write-whole.js';
import { encodeSensitivities } from '../plan/sensitivities.js';
import { collectImatrix, expectImatrix } from '../runner/imatrix/auto.js';
import { IMATRIX_FILE } from '../runner/imatrix/kind.js';
import type { OpenedModels } from '../runner/model.js';
import { measureSensitivities } from '../runner/sensitivity/measure.js';
import { warn } from '../warnings.js';
import type { ConvertEvent } from './events.js';
import { hasTarget, type PipelineParams } from './params.js';

/** Parameters, and the models that earlier steps opened and later ones use again. */
export type Run<Params extends PipelineParams> = Params & { readonly opened: OpenedModels };

type Emit = (event: ConvertEvent) => void;

/**
 * Puts a placeholder in place of `imatrix: 'auto'`: a matrix in which all columns count alike.
 * The plan of given types is the same with it as with the one that is computed later.
 */
export async function expected<Params extends PipelineParams>(params: Run<Params>, emit: Emit): Promise<Run<Params>> {
  const options = { ...collecting(params), emit: waitsOf(emit) };
  return params.imatrix === 'auto' ? { ...params, imatrix: named(await expectImatrix(options), params) } : params;
}

/** Passes on the Hub's pauses alone. The step that does the work reports everything else itself. */
export function waitsOf(emit: Emit): (event: ConvertEvent) => void {
  return (event) => event.event === 'wait' && emit(event);
}

/**
 * Runs the model for what the parameters leave open, and fills it in: the importance matrix in place of `auto`, and for
 * a target size the sensitivities.
 * @param options.keep write both to the files of `imatrixOut` and `sensitivitiesOut`.
 * @throws as `collectImatrix`, `measureSensitivities` and `writeWhole`
 */
export async function measured<Params extends PipelineParams>(
  params: Run<Params>,
  emit: Emit,
  { keep }: { readonly keep: boolean },
): Promise<Run<Params>> {
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

/** Checks the places of `imatrixOut` and `sensitivitiesOut` before the model runs. @throws as `checkOutputs` */
export async function checkKept(params: PipelineParams): Promise<void> {
  const { imatrixOut, sensitivitiesOut, keepSplit } = params;
  const output = await knownPath(params.output, keepSplit ?? false);
  const files = [
    { path: imatrixOut, replaceable: IMATRIX_FILE },
    { path: sensitivitiesOut, replaceable: null },
    { path: output ?? undefined, replaceable: GGUF_FILE },
  ];
  const named = files.flatMap(({ path, replaceable }) => (path === undefined ? [] : [{ path, replaceable }]));
  await checkOutputs(named, await guardOf(params));
}

/** Gives a computed matrix the name of the file that it is kept in: the output's key-values name that file. */
function named<Matrix extends { readonly file: string }>(imatrix: Matrix, { imatrixOut }: PipelineParams): Matrix {
  return { ...imatrix, file: imatrixOut ?? imatrix.file };
}

function collecting<Params extends PipelineParams>(params: Run<Params>) {
  return { ...params, text: params.imatrixText };
}

/** Measures the sensitivities. Where the model has no graph, the types are chosen by default costs, with a warning. */
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
        size: await writeWhole(
          { path, replaceable: null, pieces: [encodeSensitivities(sensitivities)] },
          await guardOf(params),
          { emit },
        ),
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
