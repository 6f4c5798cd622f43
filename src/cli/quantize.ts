import { Command } from 'commander';
import { planQuantize, quantize } from '../calls/conversions.js';
import type { QuantizeParams } from '../calls/params.js';
import { addCheckOptions } from './check-options.js';
import { oneOut } from './file-options.js';
import { addHubOptions, toSource } from './hub-options.js';
import { isTypes, refuseNearTypes, TooManyWordsError, typesOf } from './meant.js';
import {
  addOutputOptions,
  addQuantizeOptions,
  addSplitOptions,
  addTargetOptions,
  type OutputFlags,
  toParams,
} from './quantize-options.js';
import { append } from './repeatable.js';
import { runPlanned } from './run-planned.js';

type Flags = OutputFlags & { readonly quant?: readonly string[] } & Omit<
    QuantizeParams,
    'source' | 'quant' | 'signal' | 'fetch' | keyof OutputFlags
  >;

const EXAMPLES = `
Examples:
  hf2gguf quantize model-BF16.gguf q4_k_m                    model-Q4_K_M.gguf, in this folder
  hf2gguf quantize model-BF16.gguf out.gguf q4_k_m           the output named, as llama-quantize takes it
  hf2gguf quantize model.gguf q4_k_m,iq2_xs --imatrix imatrix.gguf --out ggufs/
  hf2gguf quantize org/model-GGUF:model-F16.gguf q5_k_m      a file on the Hub, without a copy of it here
  hf2gguf quantize model.gguf --target-bpw 4.5 --imatrix auto --check
  hf2gguf quantize model.gguf q3_k_m --tensor-type 'ffn_down=q5_k' --dry-run

A name with -00001-of-... stands for all parts of a split file. hf2gguf types lists
the types.`;

export function quantizeCommand(): Command {
  const command = new Command('quantize')
    .description('Quantize a GGUF file: the bytes that llama-quantize writes.')
    .argument('<source>', 'FILE.gguf, or org/model[@revision]:file.gguf; a model to convert, too')
    .argument('[types...]', 'one or more types (comma-separated), perhaps with the output file before them')
    .option('-q, --quant <types>', 'the same', append);
  addOutputOptions(command);
  addHubOptions(command);
  addQuantizeOptions(command);
  addTargetOptions(command);
  command.option('--keep-split', 'as many parts as the source has');
  addSplitOptions(command);
  addCheckOptions(command);
  return command.addHelpText('after', EXAMPLES).action(run);
}

function run(named: string, rest: readonly string[], flags: Flags): Promise<void> {
  return runPlanned(flags, async (signal) => {
    const { out, quant: words } = parseArguments(rest, flags);
    const quant = typesOf(flags.quant, words);
    const source = await toSource(named, flags);
    const { quant: _, ...options } = toParams(flags, signal);
    const params: QuantizeParams = {
      ...options,
      ...(out !== undefined && { output: oneOut(out, flags) as string }),
      ...(quant !== undefined && { quant }),
      ...source,
    };
    return { params, source: params.source, plan: (emit) => planQuantize(params, emit), write: () => quantize(params) };
  });
}

/** `TYPES`, or as llama-quantize has it, `OUT.gguf TYPE`; with a target size no types, perhaps `OUT.gguf`. */
function parseArguments(
  rest: readonly string[],
  { targetSize, targetBpw }: Pick<Flags, 'targetSize' | 'targetBpw'>,
): { out?: string; quant?: readonly string[] } {
  const [first = '', ...others] = rest;
  if (rest.length === 0) {
    return {};
  }
  if ((targetSize ?? targetBpw) !== undefined && others.length === 0 && !isTypes(first)) {
    return { out: first };
  }
  if (others.length === 0 || isTypes(first)) {
    return { quant: typesOf([], rest) ?? [] };
  }
  const stray = others.slice(1).filter((word) => !isTypes(word));
  if (stray.length > 0) {
    throw new TooManyWordsError(
      `There ${stray.length === 1 ? 'is a word' : `are ${stray.length} words`} too many: ${stray.join(' ')}.`,
      'Give SOURCE [OUT] TYPES; threads are --jobs N.',
    );
  }
  refuseNearTypes([first]);
  return { out: first, quant: typesOf([], others) ?? [] };
}
