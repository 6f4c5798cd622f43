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

/** With the models that were opened on the way. */
export type Run<Params extends PipelineParams> = Params & { readonly opened: OpenedModels };

type Emit = (event: ConvertEvent) => void;

/** With an importance matrix in place of `auto` in which all columns count alike: enough for a plan of given types. */
export async function expected<Params extends PipelineParams>(params: Run<Params>, emit: Emit): Promise<Run<Params>> {
  const options = { ...collecting(params), emit: waitsOf(emit) };
  return params.imatrix === 'auto' ? { ...params, imatrix: named(await expectImatrix(options), params) } : params;
}

/** The Hub's pauses alone: what else is to be told is told by the step that it concerns. */
export function waitsOf(emit: Emit): (event: ConvertEvent) => void {
  return (event) => event.event === 'wait' && emit(event);
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

/** Finds what is wrong with the files that are to be kept, before the model runs for them. @throws as `checkOutputs` */
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
        size: await writeWhole(
          { path, replaceable: null, pieces: [encodeSensitivities(sensitivities)] },
          await guardOf(params),
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
