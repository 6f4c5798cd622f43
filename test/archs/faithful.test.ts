import { findArchitecture } from '#src/archs/registry.js';
import { writeKeys } from '#src/archs/write-keys.js';
import { loadConfig } from '#src/config/load-config.js';
import { KeyValues } from '#src/gguf/key-values.js';
import { readRecord, run, sha256 } from '../calls/records.js';
import { TinyCopy } from '../calls/tiny-copy.js';
import { fixtures } from '../paths.js';
import { tempFolder } from '../temp.js';
import { written } from './corpus.js';
import { known } from './known.js';

// Models that the reference stops at although their repositories are right. Others are in the tests of their families.

const LLAMA_3 = {
  ...{ rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 },
  original_max_position_embeddings: 64,
};

async function converted(copy: TinyCopy): Promise<string> {
  const { result } = await run({ source: copy.folder, outtype: 'f16', output: tempFolder() });
  return sha256(result.files[0]?.path ?? '');
}

test('LlamaModel with rotary factors of Llama 3 is LlamaForCausalLM with names that lack "model."', async () => {
  // The reference puts "model." before the name of the factors' tensor too, and has no such name then.
  const llama3 = (architecture: string) =>
    new TinyCopy().json('config.json', (config) => {
      Object.assign(config, { architectures: [architecture], rope_scaling: LLAMA_3 });
    });
  const bare = llama3('LlamaModel').tensors((tensor) => ({ ...tensor, name: tensor.name.replace(/^model\./, '') }));
  expect(await converted(bare)).toBe(await converted(llama3('LlamaForCausalLM')));
  expect(await converted(bare)).not.toBe(readRecord(`${fixtures}/Tiny-Verse-2M.expected/convert-f16.json`).sha256);
});

test('MiMo V2 Flash whose rotary fields are nested by the kind of layers', () => {
  // What the flat fields of the same model give; the reference looks for partial_rotary_factor beside the two parts.
  const MIMO = {
    ...{ model_type: 'mimo_v2_flash', num_hidden_layers: 2, hidden_size: 64, num_attention_heads: 4, head_dim: 24 },
    ...{
      num_key_value_heads: 2,
      swa_num_key_value_heads: 2,
      sliding_window: 8,
      v_head_dim: 16,
      topk_method: 'noaux_tc',
    },
    ...{ swa_head_dim: 24, swa_num_attention_heads: 4, swa_v_head_dim: 16, hybrid_layer_pattern: [0, 1] },
    ...{ n_routed_experts: 4, moe_intermediate_size: 16, intermediate_size: 32, max_position_embeddings: 64 },
  };
  const keys = (fields: object) => {
    const all = known(loadConfig({ architectures: ['MiMoV2FlashForCausalLM'], ...MIMO, ...fields }));
    const family = findArchitecture(all);
    const kv = new KeyValues();
    writeKeys(family, { ...all, fileType: 1 }, kv);
    const rope = written(kv).filter(([key]) => key.includes('.rope.'));
    return Object.fromEntries(rope.map(([key, , value]) => [key, value]));
  };
  const flat = keys({ partial_rotary_factor: 0.334, rope_theta: 5e6, swa_rope_theta: 1e4 });
  const nested = keys({
    rope_parameters: {
      full_attention: { rope_type: 'default', rope_theta: 5e6, partial_rotary_factor: 0.334 },
      sliding_attention: { rope_type: 'default', rope_theta: 1e4, partial_rotary_factor: 0.334 },
    },
  });
  expect(flat['mimo2.rope.dimension_count']).toBe(8);
  expect(nested).toEqual(flat);
});
