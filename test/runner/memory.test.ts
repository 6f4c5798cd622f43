import { KeyValues } from '#src/gguf/key-values.js';
import type { GgmlType, GgufValue } from '#src/gguf/types.js';
import type { Graph } from '#src/graphs/graph.js';
import { buildGraph } from '#src/graphs/registry.js';
import type { WeightTensor } from '#src/graphs/weight-tensor.js';
import { compileGraph } from '#src/runner/compile.js';
import { openEngine, RunnerMemoryError } from '#src/runner/engine.js';
import { checkMemory, requiredMemory } from '#src/runner/memory.js';

const GIB = 2 ** 30;

/** A tensor whose bytes are nowhere. */
function outline(name: string, type: GgmlType, ...ne: number[]): WeightTensor {
  return { name, type, ne, data: { kind: 'file', path: 'none', offset: 0 } };
}

interface Size {
  readonly blocks: number;
  readonly width: number;
  readonly forward: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly vocabulary: number;
  readonly context: number;
  readonly type: GgmlType;
}

function llama({ blocks, width, forward, heads, kvHeads, vocabulary, context, type }: Size) {
  const kv = new KeyValues();
  kv.set('general.architecture', { type: 'string', value: 'llama' });
  const numbers = {
    ...{ block_count: blocks, context_length: context, embedding_length: width, feed_forward_length: forward },
    ...{ vocab_size: vocabulary, 'attention.head_count': heads, 'attention.head_count_kv': kvHeads },
    'rope.dimension_count': width / heads,
  };
  for (const [key, value] of Object.entries(numbers)) {
    kv.set(`llama.${key}`, { type: 'u32', value });
  }
  const epsilon: GgufValue = { type: 'f32', value: 1e-5 };
  kv.set('llama.attention.layer_norm_rms_epsilon', epsilon);
  const keys = (width / heads) * kvHeads;
  const tensors = [
    outline('token_embd.weight', type, width, vocabulary),
    outline('output_norm.weight', 'F32', width),
    outline('output.weight', type, width, vocabulary),
    ...Array.from({ length: blocks }, (_, i) => [
      outline(`blk.${i}.attn_norm.weight`, 'F32', width),
      outline(`blk.${i}.ffn_norm.weight`, 'F32', width),
      ...Object.entries({ attn_q: width, attn_k: keys, attn_v: keys, ffn_gate: forward, ffn_up: forward }).map(
        ([name, rows]) => outline(`blk.${i}.${name}.weight`, type, width, rows),
      ),
      outline(`blk.${i}.attn_output.weight`, type, width, width),
      outline(`blk.${i}.ffn_down.weight`, type, forward, width),
    ]).flat(),
  ];
  return compileGraph(buildGraph(kv, tensors), tensors);
}

/** Llama-3.1-405B, Llama-2-7B, SmolLM2-135M as their configurations have it. */
const LARGE: Size = {
  ...{ blocks: 126, width: 16384, forward: 53248, heads: 128, kvHeads: 8, vocabulary: 128256, context: 131072 },
  type: 'IQ1_S',
};
const MIDDLE: Size = {
  ...{ blocks: 32, width: 4096, forward: 11008, heads: 32, kvHeads: 32, vocabulary: 32000, context: 4096 },
  type: 'Q2_K',
};
const SMALL: Size = {
  ...{ blocks: 30, width: 576, forward: 1536, heads: 9, kvHeads: 3, vocabulary: 49152, context: 8192 },
  type: 'Q4_0',
};

test.each([
  ['405B', LARGE, 512],
  ['7B', MIDDLE, 4096],
  ['135M', SMALL, 8192],
])('a released model of %s may run', (_, size, contextLength) => {
  expect(() => checkMemory(llama(size), { contextLength, threads: 2 })).not.toThrow();
});

test('what is needed is a batch of values and logits, and the keys and values of all positions', () => {
  const keysAndValues = 126 * 2 * 8 * 128 * 4;
  const values = 512 * 4 * (8 * 16384 + 3 * 53248 + 128256);
  const of = (contextLength: number) => requiredMemory(llama(LARGE), { contextLength, threads: 1 });
  expect(of(512)).toBeGreaterThan(512 * keysAndValues + 512 * 4 * (16384 + 3 * 53248 + 128256));
  expect(of(512)).toBeLessThan(544 * keysAndValues + 2 * values);
  expect(of(131072)).toBeGreaterThan(131072 * keysAndValues);
  expect(of(131072)).toBeLessThan(1.01 * 131072 * keysAndValues + 2 * values);
});

describe('a small file with a tensor of 2^24 columns', () => {
  /** Rows of 3.5 MB: one as the vocabulary, one as the output's matrix. */
  const WIDE = 2 ** 24;
  const bytes = new Uint8Array((WIDE / 256) * 54);
  const tensor = (name: string): WeightTensor => ({
    ...{ name, type: 'TQ1_0', ne: [WIDE, 1] },
    data: { kind: 'memory', bytes },
  });
  const graph: Graph = {
    ...{ architecture: 'tiny', vocabulary: 1, contextLength: 2 ** 40 },
    operators: [
      { op: 'embed', weight: 'embd', output: 'x' },
      { op: 'mat-mul', input: 'x', weight: 'out', output: 'logits' },
    ],
    outputs: [{ value: 'logits', width: 1 }],
  };
  const open = (contextLength: number) =>
    openEngine(graph, [tensor('embd'), tensor('out')], { contextLength, threads: 1 });

  test('is refused where a batch of its values would take gigabytes, by an error that says how many', () => {
    expect(() => open(512)).toThrow(RunnerMemoryError);
    // The values and the product's packed input.
    const least = (2 * 512 * WIDE * 4) / GIB;
    expect(least).toBe(64);
    expect(() => open(512)).toThrow(/To run 512 tokens, .* takes 64\.\d\d GiB .* weights, which have 0\.01 GiB/);
    expect(() => open(512)).toThrow(/shorter context/);
  });

  test('runs with few tokens', async () => {
    const engine = open(1);
    expect((await engine.run(Int32Array.of(0), 0, 0))[0]).toHaveLength(1);
    engine.close();
  });
});

test('keys and values beyond any machine are counted without an overflow', () => {
  const size = { ...SMALL, heads: 1, kvHeads: 1, width: 2 ** 24 - 256 };
  expect(() => checkMemory(llama({ ...size, blocks: 1 }), { contextLength: 2 ** 24, threads: 1 })).toThrow(
    /takes \d{7}\.\d\d GiB/,
  );
});
