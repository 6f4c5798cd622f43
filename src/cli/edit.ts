import { Command } from 'commander';
import { type EditEvent, type EditParams, edit } from '../files/edit.js';
import { printable } from '../printable.js';
import { changeLine } from './change-line.js';
import { interruptible } from './interrupt.js';
import { append } from './repeatable.js';
import { textReporter } from './reporter.js';
import { screen } from './terminal/screen.js';
import { wrap } from './terminal/text.js';

interface Flags extends Omit<EditParams, 'source' | 'output' | 'signal'> {
  readonly out?: string;
  readonly json?: boolean;
}

const HELP = `
A value keeps its key's type; a new key's is guessed. --set key=type:value gives it: u8, i8, u16, i16, u32, i32, u64,
i64, f32, f64, bool, string, or a list of them such as u32[], whose value is a JSON array.

The file is replaced by a whole new one when that is flushed, except for a change that lies within one sector of the
disk, such as a number's: then nothing else is written.

A value of which llama.cpp loads no model, such as an architecture that it doesn't know, is refused unless the file did
not load before, or --force is given. What is doubtful alone, such as a token beyond the vocabulary, is a warning.

Examples:
  hf2gguf edit model.gguf --set general.name="My model" --set tokenizer.ggml.add_bos_token=false
  hf2gguf edit model.gguf --set tokenizer.ggml.eos_token_id=128009
  hf2gguf edit model.gguf --chat-template template.jinja --out fixed.gguf
  hf2gguf edit model.gguf --remove tokenizer.chat_template --set 'my.list=f32[]:[0.5, 1]'`;

export function editCommand(): Command {
  return new Command('edit')
    .description("Change a GGUF file's metadata; its tensors stay as they are.")
    .argument('<file>', 'FILE.gguf')
    .option('--set <key=value>', 'set a key (repeatable)', append)
    .option('--remove <key>', 'remove a key (repeatable), before any is set', append)
    .option('--chat-template <file>', 'a Jinja template for tokenizer.chat_template')
    .option('-o, --out <file>', 'write there, and leave the file as it is')
    .option('--dry-run', 'show the changes and write nothing')
    .option('--force', 'replace a file of another kind at --out; write also what llama.cpp would not load')
    .option('--strict', 'refuse what is only doubtful, too')
    .option('--json', 'events as JSON lines')
    .addHelpText('after', HELP)
    .action(run);
}

function run(file: string, { json, out, ...flags }: Flags): Promise<void> {
  const report = json ? (event: EditEvent) => screen.json(event) : textReport(flags.dryRun ?? false);
  return interruptible(async (signal) => {
    for await (const event of edit({ ...flags, source: file, ...(out !== undefined && { output: out }), signal })) {
      report(event);
    }
  });
}

const WRITTEN = {
  nothing: 'nothing to change',
  header: 'changed in place',
  file: 'written',
} as const;

function textReport(dryRun: boolean): (event: EditEvent) => void {
  const reporter = textReporter();
  return (event) => {
    if (event.event === 'change') {
      screen.print(wrap(changeLine(event), screen.width, '    '));
    } else if (event.event === 'done') {
      const { path, written, replaced } = event.result;
      const done = dryRun ? 'left as it is' : replaced ? 'replaced' : WRITTEN[written];
      screen.print(`${printable(path)}: ${done}`);
    } else {
      reporter.event(event);
    }
  };
}
