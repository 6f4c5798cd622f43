import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHITECTURES, findArchitecture } from '#src/archs/registry.js';
import { loadConfig } from '#src/config/load-config.js';
import { type JsonObject, parseJsonObject } from '#src/json.js';
import { unknownClass } from '#src/plan/unknown-class.js';
import type { NamedExpr } from '#src/tensor/expr.js';
import { corpusRuns, type Run, sourceTensors } from '../archs/corpus.js';
import { known } from '../archs/known.js';
import { dataTest } from '../paths.js';

/** The configuration under a class that nobody knows. */
function renamed(raw: JsonObject): JsonObject {
  const text = raw.text_config as JsonObject | undefined;
  return {
    ...raw,
    architectures: ['NoSuchForCausalLM'],
    ...(text && { text_config: { ...text, architectures: undefined } }),
  };
}

dataTest('the right family is among those named, for 95 of 100 cases of all families', async (data) => {
  const runs = corpusRuns(join(data, 'corpus'));
  // Projectors' cases may have no text model, and quantized checkpoints are not read yet.
  const text = runs.filter(({ name }) => !/^prequant-|\/mmproj/.test(name));
  const folders = new Map(text.map((run): [string, Run] => [run.folder, run]));
  const wrong: string[] = [];
  let count = 0;
  for (const [folder, run] of folders) {
    const tensors = existsSync(join(folder, 'config.json')) ? await weights(folder) : [];
    if (tensors.length === 0) {
      continue;
    }
    const raw = parseJsonObject(readFileSync(join(folder, 'config.json'), 'utf8'), 'config.json');
    const config = loadConfig(raw);
    if (
      raw.quantization_config !== undefined ||
      !ARCHITECTURES.some(({ classes }) => classes.includes(config.architecture))
    ) {
      continue;
    }
    const { gguf } = findArchitecture(known(config));
    const { message = '' } = unknownClass(known(loadConfig(renamed(raw))), tensors) ?? {};
    count++;
    if (
      !message
        .replaceAll('.', '')
        .split(/[\s,()]+/)
        .includes(gguf)
    ) {
      wrong.push(`${run.name}: ${gguf}: ${message}`);
    }
  }
  console.log(`${count - wrong.length} of ${count} named; not named:\n${wrong.join('\n')}`);
  expect(wrong.length / count).toBeLessThanOrEqual(0.05);
});

async function weights(folder: string): Promise<NamedExpr[]> {
  return readdirSync(folder).some((file) => /^model.*\.safetensors$/.test(file)) ? sourceTensors(folder) : [];
}
