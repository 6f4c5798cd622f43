import { Command } from 'commander';
import { inspect } from '../gguf-files/inspect.js';
import { type InspectModelParams, inspectModel, type ModelInspection } from '../plan/inspect-model.js';
import { NoModelError } from '../repo/contents.js';
import { namesModel } from '../repo/open.js';
import { addHubOptions, type HubFlags, toSource } from './hub-options.js';
import { renderModel } from './inspect-model-table.js';
import { renderInspection } from './inspect-table.js';
import { interruptible } from './interrupt.js';
import { textReporter } from './reporter.js';
import { screen } from './terminal/screen.js';

export function inspectCommand(): Command {
  return addHubOptions(new Command('inspect'))
    .description(
      "Show a GGUF file's metadata and tensors, or how a model keeps its weights; from the Hub only headers are fetched.",
    )
    .argument('<source>', 'FILE.gguf, org/model[@revision]:file.gguf, or a model: org/model or a folder')
    .option('--json', 'one JSON object, arrays in full')
    .action(run);
}

function run(source: string, { json, ...flags }: HubFlags & { readonly json?: boolean }): Promise<void> {
  return interruptible(async (signal) => {
    const reporter = textReporter();
    const params = { ...(await toSource(source, flags)), signal, emit: reporter.event };
    const model = await modelOrNull(params);
    if (model) {
      print(model, renderModel(model, screen.width, screen.paintOut), json);
      return;
    }
    const file = await inspect(params);
    for (const warning of file.warnings) {
      reporter.event({ event: 'warning', ...warning });
    }
    print(file, renderInspection(file, screen.width, screen.paintOut), json);
  });
}

/** Null for what is no model's repository, such as one of GGUF files. */
async function modelOrNull(params: InspectModelParams): Promise<ModelInspection | null> {
  try {
    return (await namesModel(params.source, params)) ? await inspectModel(params) : null;
  } catch (error) {
    if (error instanceof NoModelError) {
      return null;
    }
    throw error;
  }
}

function print(document: object, text: string, json = false): void {
  if (json) {
    screen.json(document, Number.POSITIVE_INFINITY);
  } else {
    screen.print(text);
  }
}
