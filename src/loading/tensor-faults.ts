import type { ArchitectureGraph } from '../graphs/architecture.js';
import type { ArchitectureKeys } from '../graphs/keys.js';
import { type Size, type Sizes, sizesOf } from '../graphs/sizes.js';
import { OTHER_LAYOUT, type WeightTable } from '../graphs/weights.js';
import type { Fault } from './fault.js';
import type { Names } from './names.js';
import type { OutlinedTensor } from './outline.js';

/**
 * Finds tensors that llama.cpp needs and that are missing, tensors that it does not know, and tensors of a wrong shape.
 * @param keys must have no faults.
 */
export function tensorFaults(
  graph: ArchitectureGraph,
  keys: ArchitectureKeys,
  tensors: readonly OutlinedTensor[],
  names: Names,
): Fault[] {
  if (tensors.some(({ name }) => OTHER_LAYOUT.test(name)) || keys.countOrNone('nextn_predict_layers') > 0) {
    return [];
  }
  const layers = keys.count('block_count');
  const sizes = sizesOf(keys);
  const weights = graph.weights(keys);
  const required = byName(weights.required, layers, sizes);
  const known = new Map([...byName(weights.optional, layers, sizes), ...required]);
  const present = new Set(tensors.map(({ name }) => name));
  const name = (from: string) => names.key(from.startsWith('tokenizer.') ? from : `${keys.architecture}.${from}`);
  const absent = [...required.keys()].filter((tensor) => !present.has(tensor));
  const layerless = missingLayers(absent, weights.required, layers);
  const missing = absent.filter((tensor) => !layerless.some((layer) => tensor.startsWith(`blk.${layer}.`)));
  const sentences = [
    layerless.map((layer) => `There are no tensors of layer ${layer}, but ${name('block_count')} is ${layers}`),
    missing.map((tensor) => `The tensor ${names.tensor(tensor)} is missing`),
    tensors
      .filter((tensor) => !known.has(tensor.name))
      .map((tensor) => `The tensor ${names.tensor(tensor.name)} has no place in the architecture ${keys.architecture}`),
    tensors.flatMap((tensor) => {
      const wanted = known.get(tensor.name) ?? [];
      const wrong = wrongSizes(tensor.ne, wanted);
      const shape = names.shape(wanted.map(({ length }) => length));
      return !known.has(tensor.name) || wrong.length === 0
        ? []
        : [
            `The tensor ${names.tensor(tensor.name)} has the shape ${names.shape(tensor.ne)}, ` +
              `but by ${sources(wrong).map(name).join(' and ')} it has to be ${shape}`,
          ];
    }),
  ];
  return sentences.flatMap(([first, ...others]): Fault[] => {
    const more = others.length === 0 ? '' : ` (and ${others.length} more like that)`;
    return first === undefined ? [] : [{ certain: true, what: `${first}${more}.`, next: names.next }];
  });
}

const LAYER = '{layer}';

function byName(table: WeightTable, layers: number, sizes: Sizes): Map<string, readonly Size[]> {
  const entries = Object.entries(table).map(([name, ne]) => [name, ne.map((size) => sizes[size])] as const);
  return new Map(
    entries.flatMap(([name, ne]) =>
      name.includes(LAYER)
        ? Array.from({ length: layers }, (_, layer) => [name.replace(LAYER, String(layer)), ne] as const)
        : [[name, ne] as const],
    ),
  );
}

/** The layers without any tensor. */
function missingLayers(missing: readonly string[], required: WeightTable, layers: number): number[] {
  const names = Object.keys(required).filter((name) => name.includes(LAYER));
  const gone = new Set(missing);
  return Array.from({ length: layers }, (_, layer) => layer).filter((layer) =>
    names.every((name) => gone.has(name.replace(LAYER, String(layer)))),
  );
}

/** The expected sizes that a tensor's dimensions do not have. A dimension without an expected size must be 1. */
function wrongSizes(ne: readonly number[], wanted: readonly Size[]): Size[] {
  const wrong = wanted.filter(({ length }, i) => (ne[i] ?? 1) !== length);
  const tooMany = ne.slice(wanted.length).some((length) => length !== 1);
  return tooMany && wrong.length === 0 ? [...wanted] : wrong;
}

function sources(sizes: readonly Size[]): string[] {
  return [...new Set(sizes.flatMap(({ from }) => from))];
}
