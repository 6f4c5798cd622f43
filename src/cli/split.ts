import { Command } from 'commander';
import { planSplit, type SplitParams, split } from '../files/split.js';
import { addFileOptions, type FileFlags, oneOut, toFileParams } from './file-options.js';
import { addHubOptions, toSource } from './hub-options.js';
import { parseNumber } from './number.js';
import { runPlanned } from './run-planned.js';

interface Flags extends FileFlags {
  readonly splitMaxTensors?: number;
  readonly splitMaxSize?: string;
  readonly tensorFirstSplit: boolean;
}

const EXAMPLES = `
Examples:
  hf2gguf split model.gguf --split-max-size 2G                model-00001-of-00003.gguf ... in this folder
  hf2gguf split model.gguf parts/m --split-max-tensors 64     parts/m-00001-of-00005.gguf ...
  hf2gguf split org/model-GGUF:model.gguf --split-max-size 500M --dry-run`;

export function splitCommand(): Command {
  const command = new Command('split')
    .description('Split a GGUF file into parts: the bytes that llama-gguf-split writes.')
    .argument('<source>', 'FILE.gguf, or org/model[@revision]:file.gguf')
    .argument('[out]', "a folder, or the parts' name before their numbers (default: the file's, in this folder)")
    .option('--split-max-tensors <n>', 'tensors of a part (default: 128)', parseNumber)
    .option('--split-max-size <n(M|G)>', "bytes of a part's tensors, in units of 1,000,000 or 1,000,000,000")
    .option('--no-tensor-first-split', 'a first part without tensors');
  return addHubOptions(addFileOptions(command, 'the same as [out]')).addHelpText('after', EXAMPLES).action(run);
}

function run(named: string, out: string | undefined, flags: Flags): Promise<void> {
  const { splitMaxTensors, splitMaxSize, tensorFirstSplit } = flags;
  return runPlanned(flags, async (signal) => {
    const source = await toSource(named, flags);
    const params: SplitParams = {
      ...toFileParams({ ...flags, out: oneOut(out, flags) }, signal),
      ...source,
      ...(splitMaxTensors !== undefined && { splitMaxTensors }),
      ...(splitMaxSize !== undefined && { splitMaxSize }),
      noTensorFirstSplit: !tensorFirstSplit,
    };
    return { params, plan: (emit) => planSplit(params, emit), write: () => split(params) };
  });
}
