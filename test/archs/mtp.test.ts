import { glm4moe } from '#src/archs/families/glm.js';
import { qwen3 } from '#src/archs/families/qwen.js';
import { mapTensors, TensorMappingError } from '#src/archs/map-tensors.js';
import { convertedMtp, MtpChoiceError, NoMtpBlocksError } from '#src/archs/mtp.js';
import { loadConfig } from '#src/config/load-config.js';
import type { NamedExpr } from '#src/tensor/expr.js';
import { known } from './known.js';

const config = loadConfig({ architectures: ['Glm4MoeForCausalLM'], num_hidden_layers: 2, num_nextn_predict_layers: 1 });

const tensor = (name: string): NamedExpr => ({
  name,
  expr: { op: 'constant', dtype: 'F32', shape: [1], values: [0] },
});

const CHECKPOINT = [
  ...['lm_head.weight', 'model.embed_tokens.weight', 'model.norm.weight'],
  ...['model.layers.0.input_layernorm.weight', 'model.layers.2.enorm.weight', 'model.layers.2.shared_head.norm.weight'],
].map(tensor);

/** The names of the file's tensors. */
function mapped(wanted: boolean | undefined, own = config): readonly string[] {
  const mtp = convertedMtp(glm4moe, known(own), { wanted, names: () => [] });
  return mapTensors(glm4moe, known({ ...own, mtp }), CHECKPOINT).map(({ name }) => name);
}

const SHARED = ['output.weight', 'token_embd.weight', 'output_norm.weight'];
const HEAD = ['blk.2.nextn.enorm.weight', 'blk.2.nextn.shared_head_norm.weight'];

test('blocks for multi-token prediction are converted with the model, without it, or not', () => {
  expect(mapped(undefined)).toEqual([...SHARED, 'blk.0.attn_norm.weight', ...HEAD]);
  expect(mapped(true)).toEqual([...SHARED, ...HEAD]);
  expect(mapped(false)).toEqual([...SHARED, 'blk.0.attn_norm.weight']);
});

test('a block that config.json does not count is an error, unless it is left out', () => {
  const uncounted = { ...config, hparams: { ...config.hparams, num_nextn_predict_layers: 0 } };
  expect(() => mapped(undefined, uncounted)).toThrow(TensorMappingError);
  expect(mapped(false, uncounted)).toEqual([...SHARED, 'blk.0.attn_norm.weight']);
  expect(() => mapped(true, uncounted)).toThrow(NoMtpBlocksError);
});

test('blocks that config.json does not count are counted by their names', () => {
  const counting = { ...glm4moe, mtp: { ...glm4moe.mtp, blocks: { value: 0 }, counted: 'mtp.layers.{b}' } };
  const blocks = (names: readonly string[], counted = 'mtp.layers.{b}') =>
    convertedMtp({ ...counting, mtp: { ...counting.mtp, counted } }, known(config), {
      wanted: undefined,
      names: () => names,
    });
  expect(blocks(['mtp.fc.weight', 'mtp.layers.0.norm.weight', 'mtp.layers.10.norm.weight'])?.blocks).toBe(11);
  expect(blocks(['mtp.fc.weight', 'mtp.layers.x.weight'])?.blocks).toBe(0);
  expect(blocks(['model.mtp.norm.weight', 'model.mtp.fc.weight'], 'model.mtp.')?.blocks).toBe(1);
  expect(() => blocks(['mtp.layers.99999.norm.weight'])).toThrow(/blocks, more than/);
});

test.each([true, false])('a family without such blocks refuses --mtp and --no-mtp (%s)', (wanted) => {
  expect(() => convertedMtp(qwen3, known(config), { wanted, names: () => [] })).toThrow(MtpChoiceError);
});
