import type { Command } from 'commander';
import { convert, plan } from '../convert/convert.js';
import type { ConvertParams } from '../convert/params.js';
import { UsageError } from '../errors.js';
import { FILE_TYPES, OUT_TYPES } from '../quantize/file-types.js';
import { parseBytes } from './format.js';
import { interruptible } from './interrupt.js';
import { toJsonLine } from './json.js';
import { renderPlan } from './plan-table.js';
import { jsonReporter, textReporter } from './reporter.js';

interface Options extends Omit<ConvertParams, 'source' | 'jobs' | 'maxMemory' | 'signal' | 'fetch'> {
  readonly outfile?: string;
  readonly jobs?: string;
  readonly maxMemory?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  hf2gguf HuggingFaceTB/SmolLM2-135M-Instruct --quant q4_k_m     from the Hub, quantized, into this folder
  hf2gguf ./my-model --quant q4_k_m,q8_0 --out ggufs/            two types from one read of a local folder
  hf2gguf org/model@v1.0 --outtype bf16 --out model-{ftype}.gguf a revision, not quantized
  hf2gguf org/model --quant q4_k_m --dry-run                     what would be written, from headers alone`;

export function convertCommand(command: Command): Command {
  return command
    .description('Convert a Hugging Face model to a GGUF file, and quantize it in the same pass.')
    .argument('<source>', 'org/model[@revision] on the Hub, or a folder')
    .option('--quant <types>', `quantize to one or more of ${Object.keys(FILE_TYPES).join(', ')} (comma-separated)`)
    .option('--outtype <type>', `the converter's type: auto, ${OUT_TYPES.join(', ').toLowerCase()}`, 'auto')
    .option('--out <path>', 'a folder, or a file name in which {ftype} stands for the type (default: this folder)')
    .option('--outfile <path>', 'the same as --out')
    .option('--dry-run', 'print the plan and write nothing')
    .option('--json', 'events as JSON lines; the plan as JSON with --dry-run')
    .option('--strict', 'refuse to write a file in which a tensor gets another type than asked for (exit code 7)')
    .option('--vocab-only', 'only the vocabulary and the metadata')
    .option('--model-name <name>', "the model's name, instead of the repository's")
    .option('--metadata <file>', 'a JSON file whose fields override the metadata')
    .option('--pre-tokenizer <name>', 'the pre-tokenizer, where it is not recognised')
    .option('--arch <class>', 'convert as this class of models (see hf2gguf archs)')
    .option('--max-memory <bytes>', 'bytes of buffers, such as 256M (default: 192M)')
    .option('--jobs <n>', 'worker threads (default: one per core)')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(source: string, options: Options): Promise<void> {
  const terminal = { out: process.stdout, err: process.stderr };
  // The plan alone is one JSON document, so what is said beside it goes to stderr.
  const reporter = options.json && !options.dryRun ? jsonReporter(terminal) : textReporter(terminal);
  await interruptible(async (signal) => {
    const params = toParams(source, options, signal);
    if (options.dryRun) {
      const planned = await plan(params, (event) => {
        if (event.event === 'warning') {
          reporter.event(event);
        }
      });
      process.stdout.write(`${options.json ? toJsonLine(planned) : renderPlan(planned)}\n`);
      return;
    }
    for await (const event of convert(params)) {
      reporter.event(event);
    }
  });
}

function toParams(source: string, options: Options, signal: AbortSignal): ConvertParams {
  const { outfile, jobs, maxMemory, dryRun: _, json: __, ...rest } = options;
  const out = rest.out ?? outfile;
  const memory = maxMemory === undefined ? undefined : parseBytes(maxMemory);
  if (memory === null) {
    throw new UsageError(`--max-memory ${maxMemory} is no size.`, 'Give bytes, or a number with K, M or G.');
  }
  return {
    ...rest,
    source,
    signal,
    ...(out !== undefined && { out }),
    ...(jobs !== undefined && { jobs: Number(jobs) }),
    ...(memory !== undefined && { maxMemory: memory }),
  };
}
