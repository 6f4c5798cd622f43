import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KeyValues } from '#src/gguf/key-values.js';
import type { GgmlType, Scalar } from '#src/gguf/types.js';
import { FILE_TYPES, type FileType } from '#src/quantize/file-types.js';
import { modelFacts } from '#src/quantize/model-facts.js';
import { chooseQuantTypes, compareForQuantized } from '#src/quantize/recipe.js';
import { dataTest } from '../paths.js';

interface RecipeCase {
  kv: Record<string, Scalar | Scalar[]>;
  tensors: [string, number[], GgmlType][];
  order: string[];
  runs: { ftype: string; flags: string[]; types?: Record<string, string[]>; error?: string }[];
}

/** `blk.{0-2,5}.attn_v.weight` names four tensors. */
function expand(name: string): string[] {
  const group = /\{([^}]*)\}/.exec(name);
  if (!group?.[1]) {
    return [name];
  }
  return group[1].split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => name.replace(group[0], String(from + i)));
  });
}

function facts(kv: RecipeCase['kv']) {
  const values = new KeyValues();
  for (const [key, value] of Object.entries(kv)) {
    values.set(key, Array.isArray(value) ? { type: 'array', of: 'u32', value } : { type: 'u32', value });
  }
  return modelFacts(values);
}

dataTest('every tensor of 32 models gets the type that llama-quantize gives it', (data) => {
  const folder = join(data, 'corpus-quant/recipes');
  let compared = 0;
  for (const file of readdirSync(folder).filter((f) => f.endsWith('.json') && f !== 'snapshots.json')) {
    const model = JSON.parse(readFileSync(join(folder, file), 'utf8')) as RecipeCase;
    const tensors = model.tensors.map(([name, ne, type]) => ({ name, ne, type })).sort(compareForQuantized);
    expect(tensors.map((t) => t.name)).toEqual(model.order);
    for (const run of model.runs.filter((r) => r.flags.length === 0 && r.ftype in FILE_TYPES && r.types)) {
      const want = new Map(tensors.map((t): [string, string] => [t.name, t.type]));
      for (const [type, names] of Object.entries(run.types ?? {})) {
        for (const name of names.flatMap(expand)) {
          want.set(name, type.toUpperCase());
        }
      }
      const choices = chooseQuantTypes(tensors, run.ftype as FileType, facts(model.kv));
      const got = tensors.map((t, i): [string, string | undefined] => [t.name, choices[i]?.type]);
      expect({ file, ftype: run.ftype, types: got }).toEqual({
        file,
        ftype: run.ftype,
        types: [...want].map(([n, t]) => [n, t.replace('_k', '_K')]),
      });
      compared++;
    }
  }
  expect(compared).toBeGreaterThanOrEqual(32 * 9);
});
