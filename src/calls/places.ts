import { headerOf } from '../layout/layout.js';
import type { Plan, UnplacedPlan } from '../layout/plan.js';
import { checkOutputs, type Guard, guardOf } from '../output/guard.js';
import type { Reading } from '../output/inputs.js';
import { type FileKind, GGUF_FILE } from '../output/kinds.js';
import { checkDistinct, knownPath, outputPaths } from '../output/output-paths.js';
import type { Output } from '../output/partial-files.js';
import type { Place } from '../output/place.js';
import { parseQuants } from '../plan/check-params.js';
import type { ConversionParams, OutputParams } from '../plan/params.js';
import type { Repo } from '../repo/repo.js';

/** How a call reads the name of its output. */
export interface Placing {
  /** The name is what the names of all parts begin with. @default false */
  readonly isPrefix?: boolean | undefined;
  /** The kind of file that may exist there and is replaced. @default a GGUF file */
  readonly replaceable?: FileKind | null;
}

/** The parameters that decide where files go, of any call. */
export type PlacingParams = OutputParams & Reading & Pick<ConversionParams, 'quant'>;

/**
 * Checks the output's place before the source is opened, where its name is known by then.
 * @throws UnknownTypeError, and as `knownPath`, `guardOf` and `checkOutputs`
 */
export async function checkKnownOutput(
  params: PlacingParams,
  { isPrefix = false, replaceable = GGUF_FILE }: Placing = {},
): Promise<void> {
  const path = await knownPath(params.output, isPrefix);
  if (path !== null) {
    checkDistinct(path, Array<string>(Math.max(1, parseQuants(params.quant).length)).fill(path));
    await checkOutputs([{ path, replaceable }], await guardOf(params));
  }
}

export interface PlacedPlan {
  readonly plan: Plan;
  /** Its files with their places and headers, for `PartialFiles`. */
  readonly outputs: readonly Output[];
  readonly guard: Guard;
}

/**
 * Gives each file of a plan its path.
 * @param repo the source; no output may be one of its files.
 * @throws as `outputPaths`, `guardOf` and `checkOutputs`
 */
export async function placePlan(
  plan: UnplacedPlan,
  repo: Repo,
  params: PlacingParams,
  { replaceable = GGUF_FILE }: Placing = {},
): Promise<PlacedPlan> {
  const paths = await outputPaths(params.output, plan.files);
  const outputs = plan.files.map((file, i) => {
    return { path: paths[i] as string, replaceable, header: headerOf(file), size: file.size };
  });
  const sources = (await repo.list()).flatMap(({ path }) => repo.local(path) ?? []);
  const guard = await guardOf(params, sources);
  const places = await checkOutputs(outputs, guard);
  const files = plan.files.map((file, i) => {
    const { path, stats } = places[i] as Place;
    return { ...file, path, replaces: stats !== null };
  });
  return { plan: { ...plan, files }, outputs, guard };
}
