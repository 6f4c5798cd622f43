import type { Command } from 'commander';
import { parseQuants } from '../convert/params.js';
import { convert, plan } from '../pipeline/calls.js';
import type { ConvertParams } from '../pipeline/params.js';
import { OUT_TYPES } from '../quantize/file-types.js';
import { addCheckOptions } from './check-options.js';
import { addOutputOptions, addQuantizeOptions, type OutputFlags, TYPE_LIST, toParams } from './quantize-options.js';
import { runPlanned } from './run-planned.js';

interface Flags extends OutputFlags, Omit<ConvertParams, 'source' | 'quant' | 'signal' | 'fetch' | keyof OutputFlags> {
  readonly quant?: string;
}

const EXAMPLES = `
Examples:
  hf2gguf HuggingFaceTB/SmolLM2-135M-Instruct --quant q4_k_m     from the Hub, quantized, into this folder
  hf2gguf ./my-model --quant q4_k_m,q8_0 --out ggufs/            two types from one read of a local folder
  hf2gguf org/model --quant iq2_xs --imatrix imatrix.gguf        with an importance matrix
  hf2gguf org/model --quant iq2_xs --imatrix auto                with one that is computed first, on a bundled text
  hf2gguf org/model --target-size 95M --imatrix auto             each tensor's type chosen for the least damage at that size
  hf2gguf org/model@v1.0 --outtype bf16 --out model-{ftype}.gguf a revision, not quantized
  hf2gguf org/model --quant q4_k_m,q6_k --check                  and what each is worth, beside the source
  hf2gguf org/model --quant q4_k_m --dry-run                     what would be written, from headers alone`;

export function convertCommand(command: Command): Command {
  command
    .description('Convert a Hugging Face model to a GGUF file, and quantize it in the same pass.')
    .argument('<source>', 'org/model[@revision] on the Hub, or a folder')
    .option('--quant <types>', `quantize to one or more of ${TYPE_LIST} (comma-separated)`)
    .option('--outtype <type>', `the converter's type: auto, ${OUT_TYPES.join(', ').toLowerCase()}`, 'auto')
    .option('--outfile <path>', 'the same as --out')
    .option('--vocab-only', 'only the vocabulary and the metadata')
    .option('--model-name <name>', "the model's name, instead of the repository's")
    .option('--metadata <file>', 'a JSON file whose fields override the metadata')
    .option('--pre-tokenizer <name>', 'the pre-tokenizer, where it is not recognised')
    .option('--arch <class>', 'convert as this class of models (see hf2gguf archs)');
  addOutputOptions(command);
  command.optionsGroup('With --quant:');
  addQuantizeOptions(command);
  addCheckOptions(command);
  return command.addHelpText('after', EXAMPLES).action(run);
}

function run(source: string, flags: Flags): Promise<void> {
  return runPlanned(flags, (signal) => {
    const { quant, ...params } = toParams(flags, signal);
    const own: ConvertParams = { ...params, source, ...(quant !== undefined && { quant: parseQuants(quant) }) };
    return { plan: (emit) => plan(own, emit), write: () => convert(own) };
  });
}
