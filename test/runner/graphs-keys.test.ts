import { edit } from '#src/files/edit.js';
import { finish } from '../calls/records.js';
import { fixtures } from '../paths.js';
import { askLlama } from '../peer/ask.js';
import { peerMissing } from '../peer/ggml.js';
import { distance, lastLogits, readCase, toF32 } from './logits.js';

/** What the files of the corpus don't have, or what shows only at positions later than theirs. */
const EDITS: readonly (readonly [model: string, set: readonly string[]])[] = [
  ['llama-2', ['llama.rope.scaling.type=string:linear', 'llama.rope.scaling.factor=f32:4']],
  ['llama-2', ['llama.rope.scale_linear=f32:2']],
  ['llama-2', ['llama.rope.scaling.type=string:none', 'llama.rope.scaling.factor=f32:4']],
  ['llama-2', ['llama.rope.scaling.attn_factor=f32:0.8']],
  ['llama-2', ['llama.attention.layer_norm_rms_epsilon=f32:0.1', 'llama.rope.freq_base=f32:700']],
  [
    'qwen3',
    [
      'qwen3.rope.scaling.type=string:yarn',
      'qwen3.rope.scaling.factor=f32:4',
      'qwen3.rope.scaling.original_context_length=u32:64',
    ],
  ],
  [
    'llama',
    ['llama.rope.scaling.type=string:yarn', 'llama.rope.scaling.factor=f32:0.5', 'llama.context_length=u32:32'],
  ],
  ['ministral3', ['mistral3.rope.scaling.original_context_length=u32:5']],
  ['ministral3', ['mistral3.rope.scaling.yarn_log_multiplier=f32:0.5', 'mistral3.attention.temperature_scale=f32:0']],
  ['ministral3', ['mistral3.rope.scaling.yarn_beta_fast=f32:8', 'mistral3.rope.scaling.yarn_beta_slow=f32:2']],
];

const title = 'with other key-values, llama.cpp computes the same';
(peerMissing === undefined ? describe : describe.skip)(
  `${title}${peerMissing ? ` (skipped: ${peerMissing})` : ''}`,
  () => {
    test.each(EDITS)('%s: %j', async (model, set) => {
      const { record, source } = readCase(fixtures, model);
      const file = await toF32(source);
      const before = await lastLogits(file, record.ids);
      await finish(edit({ source: file, set }));
      const after = await lastLogits(file, record.ids);
      expect(distance(after, askLlama(file, [{ ids: record.ids, count: 0 }])[0]?.logits ?? [])).toBeLessThan(1e-5);
      expect(set.some((key) => key.includes('none')) ? 1 : distance(after, before)).toBeGreaterThan(1e-4);
    });
  },
);
