import type { Command } from 'commander';
import { convert, plan } from '../calls/conversions.js';
import type { ConvertParams } from '../calls/params.js';
import { OPTION_TEXTS } from '../options/texts.js';
import { OUT_TYPES } from '../quantize/file-types.js';
import { addCheckOptions } from './check-options.js';
import { addHubOptions, toSource } from './hub-options.js';
import { refuseMisspelt, typesOf } from './meant.js';
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
    ConvertParams,
    'source' | 'quant' | 'signal' | 'fetch' | keyof OutputFlags
  >;

const EXAMPLES = `
Examples:
  hf2gguf HuggingFaceTB/SmolLM2-135M-Instruct --quant q4_k_m     from the Hub, quantized, into this folder
  hf2gguf ./my-model --quant q4_k_m,q8_0 --out ggufs/            two types from one read of a local folder
  hf2gguf org/model --quant iq2_xs --imatrix imatrix.gguf        with an importance matrix
  hf2gguf org/model --quant iq2_xs --imatrix auto                with one that is computed first, on a bundled text
  hf2gguf org/model --target-size 95M --imatrix auto             each tensor's type chosen for the least damage at that size
  hf2gguf org/model@v1.0 --outtype bf16 --out model-{ftype}.gguf  a revision, not quantized
  hf2gguf org/model --quant q4_k_m,q6_k --check                  and what each is worth, beside the source
  hf2gguf org/model --quant q4_k_m --dry-run                     what would be written, from headers alone`;

export function convertCommand(command: Command): Command {
  command
    .description('Convert a Hugging Face model to a GGUF file, and quantize it in the same pass.')
    .argument('<source>', 'org/model[@revision] on the Hub, or its address; a folder; a GGUF file, to quantize')
    .argument('[types...]', 'the same as --quant')
    .option('-q, --quant <types>', `${OPTION_TEXTS.quant}, comma-separated or repeated (see hf2gguf types)`, append)
    .option('--outtype <type>', `the converter's type: auto, ${OUT_TYPES.join(', ').toLowerCase()}`, 'auto')
    .option('--vocab-only', 'only the vocabulary and the metadata');
  addModelOptions(command);
  addOutputOptions(command);
  addSplitOptions(command);
  addHubOptions(command);
  command.optionsGroup('With --quant:');
  addQuantizeOptions(command);
  addTargetOptions(command);
  addCheckOptions(command);
  return command.addHelpText('after', EXAMPLES).action(run);
}

/** How the source is read, and what its files are told of it. */
export function addModelOptions(command: Command): Command {
  return command
    .option('--mtp', 'only the blocks for multi-token prediction, as a draft model of its own')
    .option('--no-mtp', 'all but the blocks for multi-token prediction')
    .option('--model-name <name>', "the model's name, instead of the repository's")
    .option('--metadata <file>', 'a JSON file whose fields override the metadata')
    .option('--sentence-transformers-dense-modules', 'with the Dense layers of an embedding model (EmbeddingGemma)')
    .option('--mistral-format', "read Mistral's own format: params.json and consolidated*.safetensors")
    .option(
      '--disable-mistral-community-chat-template',
      'with --mistral-format: write no chat template that Mistral did not publish',
    )
    .option('--pre-tokenizer <name>', 'the pre-tokenizer, where it is not recognised')
    .option('--arch <class>', 'convert as this class of models (see hf2gguf archs)')
    .option('--arch-file <file>', 'a JSON file that describes the family of models (see hf2gguf archs NAME --json)')
    .option('--target-model-dir <model>', 'for a draft model: the one that it drafts for, whose vocabulary it has')
    .option(
      '--fuse-qkv',
      "join each block's queries, keys and values into one tensor, where llama.cpp knows such a one",
    )
    .option('--fuse-gate-up-exps', 'join the gates of experts with their up projections')
    .option('--fp8-as-q8', 'write the 8-bit floats of a checkpoint as Q8_0, whatever --outtype says')
    .option('--keep-blocks', 'leave weights in MXFP4 or NVFP4 as they are, where they would be decoded');
}

function run(named: string, words: readonly string[], flags: Flags): Promise<void> {
  return runPlanned(flags, async (signal) => {
    refuseMisspelt(named, words);
    const quant = typesOf(flags.quant, words);
    const source = await toSource(named, flags);
    const { quant: _, ...rest } = toParams(flags, signal);
    const params: ConvertParams = { ...rest, ...source, ...(quant && { quant }) };
    return { params, source: params.source, plan: (emit) => plan(params, emit), write: () => convert(params) };
  });
}
