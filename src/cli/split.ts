import { Command } from 'commander';
import { planSplit, type SplitParams, split } from '../files/split.js';
import { addFileOptions, type FileFlags, oneOut, toFileParams } from './file-options.js';
import { addHubOptions, toSource } from './hub-options.js';
import { addSplitOptions, type SplitFlags, toSplitOptions } from './quantize-options.js';
import { runPlanned } from './run-planned.js';

type Flags = FileFlags & SplitFlags;

const EXAMPLES = `
Examples:
  hf2gguf split model.gguf --split-max-size 2G                model-00001-of-00003.gguf ... in this folder
  hf2gguf split model.gguf parts/m --split-max-tensors 64     parts/m-00001-of-00005.gguf ...
  hf2gguf split org/model-GGUF:model.gguf --split-max-size 500M --dry-run`;

export function splitCommand(): Command {
  const command = new Command('split')
    .description('Split a GGUF file into parts: the bytes that llama-gguf-split writes.')
    .argument('<source>', 'FILE.gguf, or org/model[@revision]:file.gguf')
    .argument('[out]', "a folder, or the parts' name before their numbers (default: the file's, in this folder)");
  addSplitOptions(command, 'tensors of a part (default: 128)');
  return addHubOptions(addFileOptions(command, 'the same as [out]')).addHelpText('after', EXAMPLES).action(run);
}

function run(named: string, out: string | undefined, flags: Flags): Promise<void> {
  return runPlanned(flags, async (signal) => {
    const source = await toSource(named, flags);
    const params: SplitParams = {
      ...toFileParams({ ...flags, out: oneOut(out, flags) }, signal),
      ...source,
      ...toSplitOptions(flags),
    };
    return { params, plan: (emit) => planSplit(params, emit), write: () => split(params) };
  });
}
