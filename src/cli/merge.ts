import { Command } from 'commander';
import { type MergeParams, merge, planMerge } from '../files/merge.js';
import { addFileOptions, type FileFlags, oneOut, toFileParams } from './file-options.js';
import { addHubOptions, toSource } from './hub-options.js';
import { runPlanned } from './run-planned.js';

const EXAMPLES = `
Examples:
  hf2gguf merge model-00001-of-00003.gguf model.gguf
  hf2gguf merge org/model-GGUF:model-00001-of-00003.gguf      model.gguf, in this folder`;

export function mergeCommand(): Command {
  const command = new Command('merge')
    .description('Merge the parts of a split GGUF file: the bytes that llama-gguf-split writes.')
    .argument('<first>', 'NAME-00001-of-00003.gguf, or org/model[@revision]:file.gguf; the others lie beside it')
    .argument('[out]', "a folder, or a file that does not exist (default: the parts' name, in this folder)");
  return addHubOptions(addFileOptions(command, 'the same as [out]')).addHelpText('after', EXAMPLES).action(run);
}

function run(named: string, out: string | undefined, flags: FileFlags): Promise<void> {
  return runPlanned(flags, async (signal) => {
    const source = await toSource(named, flags);
    const params: MergeParams = { ...toFileParams({ ...flags, out: oneOut(out, flags) }, signal), ...source };
    return { params, plan: (emit) => planMerge(params, emit), write: () => merge(params) };
  });
}
