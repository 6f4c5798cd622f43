import { loadConfig } from '#src/config/load-config.js';
import { KeyValues } from '#src/gguf/key-values.js';
import type { JsonObject } from '#src/json.js';
import { doubtRope } from '#src/plan/rope-doubts.js';
import { StrictError } from '#src/warnings.js';

interface Written {
  readonly type?: string;
  readonly tensors?: readonly string[];
}

function doubts(rope: JsonObject, { type, tensors = [] }: Written = {}, strict = false): string[] {
  const warnings: string[] = [];
  const config = loadConfig({ architectures: ['LlamaForCausalLM'], rope_scaling: rope });
  const kv = new KeyValues();
  if (type) {
    kv.string('llama.rope.scaling.type', type);
  }
  doubtRope(config, { arch: 'llama', kv, tensors }, { strict, emit: ({ what }) => warnings.push(what) });
  return warnings;
}

test.each([
  [{ rope_type: 'default' }, {}],
  [{ type: 'mrope', mrope_section: [1, 2, 3] }, {}],
  [{ rope_type: 'dynamic', factor: 1 }, {}],
  [{ rope_type: 'yarn', factor: 4 }, { type: 'yarn' }],
  [{ rope_type: 'llama3', factor: 8 }, { tensors: ['rope_freqs.weight'] }],
  [{ rope_type: 'longrope' }, { type: 'longrope', tensors: ['rope_factors_long.weight'] }],
])('%j is written, or scales nothing', (rope, written) => {
  expect(doubts(rope, written)).toEqual([]);
});

test.each<[JsonObject, Written]>([
  [{ rope_type: 'ntk', factor: 2 }, {}],
  [{ type: 'dynamic', factor: 2 }, {}],
  [{ rope_type: 'llama3', factor: 8 }, {}],
  [{ rope_type: 'linear' }, {}],
  [{ rope_type: 'longrope' }, { type: 'longrope' }],
])('%j is lost', (rope, written) => {
  expect(doubts(rope, written)).toEqual([
    expect.stringMatching(/^rope_scaling of config\.json asks for "\w+", .* will not scale the rotary embedding\.$/),
  ]);
  expect(() => doubts(rope, written, true)).toThrow(StrictError);
});
