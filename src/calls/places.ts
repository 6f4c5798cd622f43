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

/** How a call takes its output's name. */
export interface Placing {
  /** Names of parts begin with it. @default false */
  readonly isPrefix?: boolean | undefined;
  /** What may be there and is replaced. @default a GGUF file */
  readonly replaceable?: FileKind | null;
}

/** What is looked at of any call's. */
export type PlacingParams = OutputParams & Reading & Pick<ConversionParams, 'quant'>;

/**
 * Finds what is wrong with an output whose name is known before the source is opened.
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
  /** Its files, as they are written. */
  readonly outputs: readonly Output[];
  readonly guard: Guard;
}

/**
 * Says where a plan's files go.
 * @param repo what is read: none of its files is written to.
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
