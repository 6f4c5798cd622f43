import { openCheckpoint } from '#src/checkpoint/checkpoint.js';
import { decodeCheckpoint } from '#src/checkpoint/quantized/decode.js';
import { Hf2ggufError } from '#src/errors.js';
import { SmallFiles } from '#src/repo/small-files.js';
import { bytesOf } from '#src/tensor/dtype.js';
import { elementCount, type NamedExpr } from '#src/tensor/expr.js';
import { dtypeOf, segments, shapeOf } from '#src/tensor/rows.js';
import { bytesOfExpr } from '../checkpoint/pickle/evaluate.js';
import { memoryRepo } from '../memory-repo.js';
import { Dice } from './dice.js';
import { mutateLegacy, mutateZip } from './pickle-mutations.js';
import { PLAIN, QUANTIZED } from './safetensors-models.js';
import { mutateModel } from './safetensors-mutations.js';

type Files = Readonly<Record<string, Buffer>>;

/** What reads files of weights that somebody else wrote. */
interface Parser {
  readonly name: string;
  readonly mutate: (dice: Dice, knowsFormat: boolean) => Files;
  /** What is said of files that were refused before what is in them was looked at. */
  readonly header: RegExp;
}

const FILE = 'pytorch_model.bin';
const SAFETENSORS = /^(NotSafetensors|HeaderTooLarge|TruncatedFile|\w*Json\w*)Error/;
/** What is said of a header's entries, which are read before any method looks at the tensors. */
const ENTRIES = new RegExp(`${SAFETENSORS.source}|^(UnknownDType|BadTensorEntry|OverlappingTensors)Error`);

export const PARSERS: readonly Parser[] = [
  {
    name: 'pickle in a zip archive',
    mutate: (dice, knows) => ({ [FILE]: mutateZip(dice, knows) }),
    header:
      /^Malformed(Zip|Pickle)Error: .*(zip archive|no file of PyTorch)|compressed or encrypted|has a directory of/,
  },
  {
    name: 'pickle of the first format',
    mutate: (dice, knows) => ({ [FILE]: mutateLegacy(dice, knows) }),
    // The pickles in front of the one of interest have some 160 bytes.
    header: /none that torch\.save wrote|a version of torch\.save's|no file of PyTorch|near byte (\d\d?|1[0-5]\d)\./,
  },
  {
    name: 'safetensors',
    mutate: (dice, knows) => mutateModel(PLAIN, 0.8, dice, knows),
    header: SAFETENSORS,
  },
  ...Object.entries(QUANTIZED).map(([name, model]) => ({
    name,
    mutate: (dice: Dice, knows: boolean) => mutateModel(model, 0.1, dice, knows),
    header: ENTRIES,
  })),
];

export interface Attempt {
  readonly parser: string;
  /** Whether what is in the file was looked at. */
  readonly isPastHeader: boolean;
  /** Whether tensors came of it. */
  readonly isRead: boolean;
  /** An error that is none of the project's. */
  readonly finding?: unknown;
}

/** Number `mutation` of the run with this seed: the parsers by turns, each of them with and without knowing its format. */
export async function attempt(seed: number, mutation: number): Promise<Attempt> {
  const { name, mutate, header } = PARSERS[mutation % PARSERS.length] as Parser;
  const dice = new Dice(seed, mutation);
  const files = mutate(dice, Math.floor(mutation / PARSERS.length) % 2 === 0);
  const options = { fp8AsQ8: dice.chance(0.5), keepBlocks: dice.chance(0.5), family: null };
  try {
    const small = new SmallFiles(memoryRepo(files));
    const checkpoint = await openCheckpoint(small);
    const hparams = (await small.json('config.json')) ?? {};
    const { raw, tensors, blocks = [] } = await decodeCheckpoint(checkpoint, hparams, small, options);
    const beside = blocks.flatMap(({ beside = {} }) => Object.entries(beside).map(([name, expr]) => ({ name, expr })));
    const plain = blocks.map(({ name, plain }) => ({ name, expr: plain() }));
    use([...raw, ...tensors, ...blocks, ...beside, ...plain], files);
    return { parser: name, isPastHeader: true, isRead: true };
  } catch (error) {
    if (error instanceof Hf2ggufError) {
      return { parser: name, isPastHeader: !header.test(`${error.name}: ${error.message}`), isRead: false };
    }
    return { parser: name, isPastHeader: true, isRead: false, finding: error };
  }
}

/** Elements of which tensors are evaluated: some repeat those of their storage. */
const MAX_ELEMENTS = 2 ** 16;

/** @throws Error where a tensor reads outside of its file, or has other elements than its shape says */
function use(tensors: readonly NamedExpr[], files: Files): void {
  for (const { name, expr } of tensors) {
    const elements = elementCount(shapeOf(expr));
    for (const { file, offset, length, count, stride } of segments(expr)) {
      const end = offset + (count - 1) * stride + length;
      const size = files[file]?.length ?? 0;
      if (offset < 0 || !Number.isSafeInteger(end) || (length > 0 && end > size)) {
        throw new Error(`${name} reads bytes ${offset} to ${end} of ${size}`);
      }
    }
    if (elements > 0 && elements <= MAX_ELEMENTS) {
      const read = bytesOfExpr(expr, files[FILE] ?? files['model.safetensors'] ?? Buffer.alloc(0)).length;
      if (read !== bytesOf(dtypeOf(expr), elements)) {
        throw new Error(`${name} has ${read} bytes`);
      }
    }
  }
}
