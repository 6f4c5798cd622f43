import type { Config, ConvertedMtp, Known } from '../config/config.js';
import { blockCount } from '../config/derive.js';
import { typedValue } from '../config/values.js';
import { SourceError, UnsupportedError } from '../errors.js';
import { mainBlockCount } from '../language/blocks.js';
import { globs } from '../text/globs.js';
import type { Architecture } from './architecture.js';

/** `--mtp` or `--no-mtp` for a family that the reference does not take apart. */
export class MtpChoiceError extends UnsupportedError {}

/** `--mtp` for a model that has no blocks for it. */
export class NoMtpBlocksError extends SourceError {}

/** The blocks of `model.layers` that stand behind the model's own. */
const NUMBERED = /^model\.layers\.(\d+)\./;

/**
 * What is converted of a model's blocks for multi-token prediction.
 * @param wanted true: they alone (`--mtp`); false: all but them (`--no-mtp`).
 * @param names all of the checkpoint, as rules know them.
 * @throws MtpChoiceError, NoMtpBlocksError, ConfigFieldError
 */
export function convertedMtp(
  { mtp, gguf }: Architecture,
  known: Known,
  { wanted, names }: { readonly wanted: boolean | undefined; names(): readonly string[] },
): ConvertedMtp | undefined {
  if (wanted !== undefined && !mtp?.keep) {
    throw new MtpChoiceError(
      `${gguf} has no blocks for multi-token prediction that --mtp or --no-mtp could choose.`,
      'Leave the option out.',
    );
  }
  if (!mtp) {
    return undefined;
  }
  const isLeftOut = wanted === false || mtp.convert === 'never' || (mtp.convert === 'alone' && !wanted);
  if (isLeftOut) {
    return { blocks: 0, choice: 'without' };
  }
  const given = typedValue(mtp.blocks, 'u32', known);
  const blocks =
    (typeof given === 'number' && given) || (mtp.counted === undefined ? 0 : counted(mtp.counted, names()));
  if (wanted && blocks === 0) {
    throw new NoMtpBlocksError(
      'The model has no blocks for multi-token prediction, and --mtp asks for them alone.',
      'Leave --mtp out; a repository beside this one may have them.',
    );
  }
  if (mtp.instead && blocks === 0) {
    throw new NoMtpBlocksError(
      `The checkpoint has no blocks of the draft (${mtp.counted}).`,
      'Convert the repository that has them, or leave --arch out to convert the model itself.',
    );
  }
  const converted: ConvertedMtp = {
    ...{ blocks, choice: wanted ? 'only' : 'with' },
    ...(mtp.instead && { instead: mtp.instead }),
  };
  blockCount({ ...known.config, mtp: converted });
  return converted;
}

/** How many blocks have names that begin so: as many as the greatest number says, or one where there is no number. */
function counted(begin: string, names: readonly string[]): number {
  const [before = '', after] = begin.split('{b}');
  const own = names.filter((name) => name.startsWith(before));
  return after === undefined
    ? Math.min(own.length, 1)
    : own.reduce((most, name) => Math.max(most, Number.parseInt(name.slice(before.length), 10) + 1 || 0), 0);
}

/** Whether a tensor of the checkpoint is of a block for multi-token prediction. */
export function isMtpName({ mtp }: Architecture, config: Config): (name: string) => boolean {
  const isNamed = globs(mtp?.names ?? []);
  const own = mainBlockCount(config);
  return (name) => isNamed(name) || Number(NUMBERED.exec(name)?.[1] ?? -1) >= own;
}

/** Whether a tensor of the model is read, as far as that is decided by what is converted of these blocks. */
export function isChosen(architecture: Architecture, config: Config): (name: string) => boolean {
  const { mtp } = architecture;
  const choice = config.mtp?.choice ?? 'with';
  // ref-quirk: blocks that are never written are read nonetheless, and can decide an outtype of `auto`.
  if (!mtp || choice === 'with' || mtp.convert === 'never') {
    return () => true;
  }
  const isMtp = isMtpName(architecture, config);
  const keep = new Set(mtp.keep);
  return (name) => (choice === 'without' ? !isMtp(name) : isMtp(name) || keep.has(name));
}
