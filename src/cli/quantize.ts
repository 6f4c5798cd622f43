import { Command } from 'commander';
import { parseQuants } from '../convert/params.js';
import { UsageError } from '../errors.js';
import { planQuantize, quantize } from '../pipeline/calls.js';
import type { QuantizeParams } from '../pipeline/params.js';
import { parseFileType } from '../quantize/file-types.js';
import { addCheckOptions } from './check-options.js';
import { addOutputOptions, addQuantizeOptions, type OutputFlags, TYPE_LIST, toParams } from './quantize-options.js';
import { runPlanned } from './run-planned.js';

type Flags = OutputFlags & Omit<QuantizeParams, 'source' | 'quant' | 'signal' | 'fetch' | keyof OutputFlags>;

const EXAMPLES = `
Examples:
  hf2gguf quantize model-BF16.gguf q4_k_m                    model-Q4_K_M.gguf, in this folder
  hf2gguf quantize model-BF16.gguf out.gguf q4_k_m           the output named, as llama-quantize takes it
  hf2gguf quantize model.gguf q4_k_m,iq2_xs --imatrix imatrix.gguf --out ggufs/
  hf2gguf quantize org/model-GGUF:model-F16.gguf q5_k_m      a file on the Hub, without a copy of it here
  hf2gguf quantize model.gguf --target-bpw 4.5 --imatrix auto --check
  hf2gguf quantize model.gguf q3_k_m --tensor-type 'ffn_down=q5_k' --dry-run

A name with -00001-of-... stands for all parts of a split file. Types: ${TYPE_LIST}.`;

export function quantizeCommand(): Command {
  const command = new Command('quantize')
    .description('Quantize a GGUF file: the bytes that llama-quantize writes.')
    .argument('<source>', 'FILE.gguf, or org/model[@revision]:file.gguf')
    .argument('[types...]', 'one or more types (comma-separated), perhaps with the output file before them');
  addOutputOptions(command);
  addQuantizeOptions(command);
  command.option('--keep-split', 'as many parts as the source has');
  addCheckOptions(command);
  return command.addHelpText('after', EXAMPLES).action(run);
}

function run(source: string, rest: readonly string[], flags: Flags): Promise<void> {
  return runPlanned(flags, (signal) => {
    const { out, quant } = parseArguments(rest, flags);
    const params: QuantizeParams = {
      ...toParams(flags, signal),
      ...(out !== undefined && { output: out }),
      ...(quant !== undefined && { quant: parseQuants(quant) }),
      source,
    };
    return { plan: (emit) => planQuantize(params, emit), write: () => quantize(params) };
  });
}

/** `TYPES`, or as llama-quantize has it, `OUT.gguf TYPE`; with a target size no types, perhaps `OUT.gguf`. */
function parseArguments(
  rest: readonly string[],
  { targetSize, targetBpw }: Pick<Flags, 'targetSize' | 'targetBpw'>,
): { out?: string; quant?: string } {
  const [first = '', second] = rest;
  if (rest.length === 0) {
    return {};
  }
  if ((targetSize ?? targetBpw) !== undefined && rest.length === 1 && !parseFileType(first)) {
    return { out: first };
  }
  if (second === undefined || parseFileType(first)) {
    return { quant: rest.join(',') };
  }
  if (rest.length > 2) {
    throw new UsageError(
      `There are ${rest.length - 2} words too many.`,
      'Give SOURCE [OUT] TYPES; threads are --jobs N.',
    );
  }
  return { out: first, quant: second };
}
