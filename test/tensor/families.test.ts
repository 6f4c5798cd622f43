import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTensor } from '#src/fill/load-tensor.js';
import { type GgmlType, rowBytes } from '#src/gguf/types.js';
import { quantizeRows } from '#src/quantize/native.js';
import { openFolder } from '#src/repo/folder.js';
import {
  add,
  apply,
  asFloat,
  cast,
  concat,
  expand,
  gather,
  mul,
  permute,
  reshape,
  slice,
  split,
  stack,
  sub,
  transpose,
  unpack,
} from '#src/tensor/build.js';
import { elementCount, rowLength, type TensorExpr } from '#src/tensor/expr.js';
import { dtypeOf, grain, narrow, rowCount, shapeOf } from '#src/tensor/rows.js';
import { TRANSFORMS } from '#src/tensor/transforms.js';
import { readJson, type SourceTensor, sourceTensors } from '../archs/corpus.js';

/**
 * What families that are not converted yet do to their tensors, as expressions over the corpus's tensors. The bytes are
 * those that the reference wrote.
 */

const data = process.env.HF2GGUF_DATA;

/** A case's tensors by name, and its numbers in config.json. */
interface Case {
  readonly $: (name: string) => TensorExpr;
  readonly n: (field: string) => number;
  readonly list: (part: string, field: string) => number[];
}

type Row = readonly [what: string, run: string, tensor: string, build: (case_: Case) => TensorExpr];

const rotary = (expr: TensorExpr, heads: number) => TRANSFORMS.rotary([expr], [heads])[0] as TensorExpr;
const pad = (expr: TensorExpr, rows: number) => TRANSFORMS.pad([expr], [rows])[0] as TensorExpr;

/** A scale for each block of 128 x 128, as large as what it scales. */
function blockScale(scale: TensorExpr, shape: readonly number[]): TensorExpr {
  const [rows = 1, columns = 1] = shapeOf(scale);
  const blocks = expand(expand(reshape(scale, [rows, 1, columns, 1]), 1, 128), 3, 128);
  const all = reshape(blocks, [rows * 128, columns * 128]);
  return slice(slice(all, 0, 0, shape[0] ?? 1), 1, 0, shape[1] ?? 1);
}

function float8({ $ }: Case, name: string): TensorExpr {
  const codes = $(`${name}.weight`);
  return mul(cast(codes, 'F32'), blockScale($(`${name}.weight_scale_inv`), shapeOf(codes)));
}

function keyHeads(kvB: TensorExpr, { n }: Case): TensorExpr[] {
  const [heads, key, value] = [n('num_key_value_heads'), n('qk_nope_head_dim'), n('v_head_dim')];
  const byHead = reshape(kvB, [heads, key + value, rowLength(shapeOf(kvB))]);
  const [k, v] = split(byHead, 1, [key, value]) as [TensorExpr, TensorExpr];
  return [transpose(k, 1, 2), v];
}

function gptq({ $ }: Case, name: string): TensorExpr {
  const index = $(`${name}.g_idx`);
  const codes = unpack($(`${name}.qweight`), 0, 4);
  const zeros = add(unpack($(`${name}.qzeros`), 1, 4), 1);
  const scales = cast($(`${name}.scales`), 'F32');
  return transpose(mul(gather(scales, 0, index), sub(asFloat(codes), gather(zeros, 0, index))), 0, 1);
}

/** Queries, keys, values and gates of Qwen3-Next, which stand together for each key head. */
function qkvz({ $, n }: Case, layer: number): TensorExpr[] {
  const weight = $(`model.layers.${layer}.linear_attn.in_proj_qkvz.weight`);
  const [heads, key] = [n('linear_num_key_heads'), n('linear_key_head_dim')];
  const value = (n('linear_value_head_dim') * n('linear_num_value_heads')) / heads;
  const byHead = reshape(weight, [heads, 2 * key + 2 * value, rowLength(shapeOf(weight))]);
  const rows = (part: TensorExpr) =>
    reshape(part, [elementCount(shapeOf(part)) / rowLength(shapeOf(part)), rowLength(shapeOf(part))]);
  return split(byHead, 1, [key, key, value, value]).map(rows);
}

function internlm2({ $, n }: Case): TensorExpr[] {
  const weight = $('model.layers.0.attention.wqkv.weight');
  const [heads, groups, width] = [n('num_attention_heads'), n('num_key_value_heads'), n('hidden_size')];
  const dim = width / heads;
  const byGroup = reshape(weight, [groups, heads / groups + 2, dim, width]);
  const [q, k, v] = split(byGroup, 1, [heads / groups, 1, 1]) as [TensorExpr, TensorExpr, TensorExpr];
  return [
    rotary(reshape(q, [heads * dim, width]), heads),
    rotary(reshape(k, [groups * dim, width]), groups),
    reshape(v, [groups * dim, width]),
  ];
}

function bloom({ $, n }: Case, suffix: 'weight' | 'bias'): TensorExpr {
  const qkv = $(`h.0.self_attention.query_key_value.${suffix}`);
  const [rows = 0, ...columns] = shapeOf(qkv);
  const parts = reshape(qkv, [n('num_attention_heads'), 3, rows / 3 / n('num_attention_heads'), ...columns]);
  return reshape(permute(parts, [1, 0, 2, ...columns.map((_, i) => i + 3)]), [rows, ...columns]);
}

function dbrx({ $ }: Case, name: string): TensorExpr {
  const weight = $(`transformer.blocks.0.ffn.experts.mlp.${name}`);
  return reshape(weight, [4, (shapeOf(weight)[0] ?? 0) / 4, rowLength(shapeOf(weight))]);
}

const repack = (codes: TensorExpr, scales: TensorExpr): TensorExpr => {
  const blocks = shapeOf(scales);
  const shape = [...blocks.slice(0, -1), rowLength(blocks) * 32];
  return {
    op: 'repack',
    to: 'MXFP4',
    shape,
    codes: reshape(codes, [...blocks.slice(0, -1), rowLength(blocks) * 16]),
    scales,
  };
};

const MOE = 'model.layers.0.mlp.experts';
const NEG_EXP = (expr: TensorExpr) => apply('neg', apply('exp', expr));

const CASES: Readonly<Record<string, readonly Row[]>> = {
  'gpt-oss': [
    [
      'blocks',
      'auto',
      'blk.0.ffn_down_exps.weight',
      ({ $ }) => repack($(`${MOE}.down_proj_blocks`), $(`${MOE}.down_proj_scales`)),
    ],
    ...[0, 1].map((part): Row => {
      const name = part === 0 ? 'gate' : 'up';
      const every = (expr: TensorExpr) => slice(expr, 1, part, 128, 2);
      return [
        'every other row of blocks',
        'auto',
        `blk.0.ffn_${name}_exps.weight`,
        ({ $ }) => repack(every($(`${MOE}.gate_up_proj_blocks`)), every($(`${MOE}.gate_up_proj_scales`))),
      ];
    }),
    [
      'every other column',
      'auto',
      'blk.0.ffn_gate_exps.bias',
      ({ $ }) => slice($(`${MOE}.gate_up_proj_bias`), 1, 0, 128, 2),
    ],
    [
      'every other column',
      'auto',
      'blk.0.ffn_up_exps.bias',
      ({ $ }) => slice($(`${MOE}.gate_up_proj_bias`), 1, 1, 128, 2),
    ],
  ],
  'gpt-oss-bf16': [
    [
      'a transpose, every other row of it',
      'bf16',
      'blk.0.ffn_gate_exps.weight',
      ({ $ }) => slice(transpose($(`${MOE}.gate_up_proj`), 1, 2), 1, 0, 128, 2),
    ],
    ['a transpose', 'bf16', 'blk.0.ffn_down_exps.weight', ({ $ }) => transpose($(`${MOE}.down_proj`), 1, 2)],
  ],
  'deepseek-v2-lite': [
    [
      'keys by head, transposed',
      'bf16',
      'blk.0.attn_k_b.weight',
      (c) => keyHeads(c.$('model.layers.0.self_attn.kv_b_proj.weight'), c)[0] as TensorExpr,
    ],
    [
      'values by head',
      'bf16',
      'blk.0.attn_v_b.weight',
      (c) => keyHeads(c.$('model.layers.0.self_attn.kv_b_proj.weight'), c)[1] as TensorExpr,
    ],
    [
      'experts',
      'bf16',
      'blk.1.ffn_up_exps.weight',
      ({ $, n }) =>
        stack(
          Array.from({ length: n('n_routed_experts') }, (_, x) => $(`model.layers.1.mlp.experts.${x}.up_proj.weight`)),
        ),
    ],
  ],
  'deepseek-v3-fp8': [
    ['float8 by blocks', 'auto', 'blk.0.ffn_down.weight', (c) => float8(c, 'model.layers.0.mlp.down_proj')],
    [
      'keys by head of it, transposed',
      'auto',
      'blk.0.attn_k_b.weight',
      (c) => keyHeads(float8(c, 'model.layers.0.self_attn.kv_b_proj'), c)[0] as TensorExpr,
    ],
    [
      'experts of it',
      'auto',
      'blk.1.ffn_gate_exps.weight',
      (c) =>
        stack(
          Array.from({ length: c.n('n_routed_experts') }, (_, x) =>
            float8(c, `model.layers.1.mlp.experts.${x}.gate_proj`),
          ),
        ),
    ],
  ],
  mamba: [
    ["torch's exp", 'f32', 'blk.0.ssm_a', ({ $ }) => NEG_EXP($('backbone.layers.0.mixer.A_log'))],
    [
      'a squeeze',
      'f32',
      'blk.0.ssm_conv1d.weight',
      ({ $ }) => reshape($('backbone.layers.0.mixer.conv1d.weight'), [128, 4]),
    ],
  ],
  'gemma3n-text': [
    [
      'rows of zeros',
      'bf16',
      'per_layer_token_embd.weight',
      ({ $, n }) => pad($('model.embed_tokens_per_layer.weight'), n('vocab_size')),
    ],
    [
      'a stack',
      'bf16',
      'altup_proj.weight',
      ({ $ }) => stack([0, 1, 2].map((x) => $(`model.altup_projections.${x}.weight`))),
    ],
  ],
  'qwen3-next': [
    [
      'queries, keys and values out of heads',
      'bf16',
      'blk.0.attn_qkv.weight',
      (c) => concat(qkvz(c, 0).slice(0, 3), 0),
    ],
    ['gates out of heads', 'bf16', 'blk.0.attn_gate.weight', (c) => qkvz(c, 0)[3] as TensorExpr],
    ['a norm and one', 'bf16', 'blk.0.attn_norm.weight', ({ $ }) => add($('model.layers.0.input_layernorm.weight'), 1)],
    ["torch's exp", 'bf16', 'blk.0.ssm_a', ({ $ }) => NEG_EXP($('model.layers.0.linear_attn.A_log'))],
  ],
  'phi3-longrope': [
    [
      'factors from config.json',
      'bf16',
      'rope_factors_long.weight',
      ({ list }) => ({ op: 'constant', dtype: 'F32', shape: [8], values: list('rope_scaling', 'long_factor') }),
    ],
    [
      'queries, keys and values as they are',
      'bf16',
      'blk.0.attn_qkv.weight',
      ({ $ }) => $('model.layers.0.self_attn.qkv_proj.weight'),
    ],
  ],
  'internlm2-chat': (['q', 'k', 'v'] as const).map(
    (name, i): Row => [
      `${name} out of groups`,
      'bf16',
      `blk.0.attn_${name}.weight`,
      (c) => internlm2(c)[i] as TensorExpr,
    ],
  ),
  bloom: [
    ['queries, keys and values by heads', 'f16', 'blk.0.attn_qkv.weight', (c) => bloom(c, 'weight')],
    ['their biases', 'f16', 'blk.0.attn_qkv.bias', (c) => bloom(c, 'bias')],
  ],
  dbrx: [
    ['experts in one matrix', 'bf16', 'blk.0.ffn_gate_exps.weight', (c) => dbrx(c, 'w1')],
    ['those transposed', 'bf16', 'blk.0.ffn_down_exps.weight', (c) => transpose(dbrx(c, 'w2'), 1, 2)],
  ],
  'nomic-bert-moe': [
    [
      'experts in one matrix',
      'auto',
      'blk.1.ffn_up_exps.weight',
      ({ $, n }) => reshape($('encoder.layers.1.mlp.experts.mlp.w1'), [n('num_experts'), n('n_inner'), n('n_embd')]),
    ],
    [
      'those transposed',
      'auto',
      'blk.1.ffn_down_exps.weight',
      ({ $, n }) =>
        transpose(
          reshape($('encoder.layers.1.mlp.experts.mlp.w2'), [n('num_experts'), n('n_inner'), n('n_embd')]),
          1,
          2,
        ),
    ],
  ],
  granitemoehybrid: [
    [
      "torch's exp, a column",
      'bf16',
      'blk.0.ssm_a',
      ({ $ }) => reshape(NEG_EXP($('model.layers.0.mamba.A_log')), [8, 1]),
    ],
    ['a column', 'bf16', 'blk.0.ssm_d', ({ $ }) => reshape($('model.layers.0.mamba.D'), [8, 1])],
    [
      'a norm by groups',
      'bf16',
      'blk.0.ssm_norm.weight',
      ({ $ }) => reshape($('model.layers.0.mamba.norm.weight'), [1, 128]),
    ],
    [
      'gates of experts',
      'bf16',
      'blk.0.ffn_gate_exps.weight',
      ({ $ }) => slice($('model.layers.0.block_sparse_moe.input_linear.weight'), 1, 0, 32),
    ],
    [
      'and what they gate',
      'bf16',
      'blk.0.ffn_up_exps.weight',
      ({ $ }) => slice($('model.layers.0.block_sparse_moe.input_linear.weight'), 1, 32, 64),
    ],
  ],
  't5-encoder': [
    [
      'a bias as it is',
      'f16',
      'enc.blk.0.attn_rel_b.weight',
      ({ $ }) => $('encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight'),
    ],
  ],
  'prequant-gptq-actorder': [
    [
      'codes of 4 bits, scales in the order of activations',
      'auto',
      'blk.0.ffn_down.weight',
      (c) => gptq(c, 'model.layers.0.mlp.down_proj'),
    ],
    [
      'the same, heads rearranged',
      'auto',
      'blk.0.attn_q.weight',
      (c) => rotary(gptq(c, 'model.layers.0.self_attn.q_proj'), c.n('num_attention_heads')),
    ],
  ],
  'rwkv7-fla': [
    [
      'a stack by names',
      'bf16',
      'blk.0.time_mix_lerp_fused.weight',
      ({ $ }) => stack([...'rwkvag'].map((x) => $(`model.layers.0.attn.x_${x}`))),
    ],
    ['layer 0 twice', 'bf16', 'blk.0.time_mix_v1.weight', ({ $ }) => $('model.layers.0.attn.a_lora.lora.0.weight')],
    ['one row', 'bf16', 'blk.0.time_mix_r_k.weight', ({ $ }) => reshape($('model.layers.0.attn.r_k'), [64])],
  ],
  'lora-llama': [
    [
      'rows of the wide side, as those of the weight',
      'f32',
      'blk.0.attn_q.weight.lora_b',
      ({ $ }) => rotary($('base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight'), 4),
    ],
    [
      'the narrow side as it is',
      'f32',
      'blk.0.attn_q.weight.lora_a',
      ({ $ }) => $('base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight'),
    ],
  ],
  'qwen2-vl': [0, 1].map(
    (time): Row => [
      'a convolution at one time',
      'mmproj-f16',
      `v.patch_embd.weight${time === 0 ? '' : '.1'}`,
      ({ $ }) => reshape(slice($('visual.patch_embed.proj.weight'), 2, time, time + 1), [64, 3, 14, 14]),
    ],
  ),
};

/** A case's repository: of an adapter its own, not that of the base model. */
async function open(name: string) {
  const [folder = ''] = readdirSync(join(data ?? '', 'corpus', name, 'source')).map((repo) =>
    join(data ?? '', 'corpus', name, 'source', repo),
  );
  const tensors = new Map(
    (await sourceTensors(folder, /^(adapter_)?model.*\.safetensors$/)).map(({ name: own, expr }: SourceTensor) => [
      own,
      expr,
    ]),
  );
  const path = join(folder, 'config.json');
  const config = existsSync(path) ? readJson(path) : {};
  const text = { ...config, ...((config.text_config as object | undefined) ?? {}) } as Record<string, unknown>;
  const $ = (own: string): TensorExpr => {
    const expr = tensors.get(own);
    if (!expr) {
      throw new Error(`${name} has no tensor ${own}.`);
    }
    return expr;
  };
  const n = (field: string) => Number(text[field]);
  const list = (part: string, field: string) => (text[part] as Record<string, number[]>)[field] as number[];
  return { repo: await openFolder(folder), $, n, list };
}

interface Recorded {
  readonly files: readonly [{ readonly tensors: readonly (readonly [string, GgmlType, number[], number, string])[] }];
}

/** Bytes of a type that is made of floats, or blocks as they are. */
function encode(values: Uint8Array, expr: TensorExpr, type: GgmlType): Uint8Array {
  const sourceType = dtypeOf(expr) as GgmlType;
  if (sourceType === type) {
    return values;
  }
  const [rows, columns] = [rowCount(expr), rowLength(shapeOf(expr))];
  const target = new Uint8Array(rows * rowBytes(type, columns));
  quantizeRows({ type, source: values, sourceType, via: 'F32', rows, columns, target });
  return target;
}

function checkCase(name: string, rows: readonly Row[]): void {
  test.each(rows)('%s: %s %s', async (_, run, tensor, build) => {
    const case_ = await open(name);
    const expr = build(case_);
    const { files } = JSON.parse(
      readFileSync(join(data ?? '', 'corpus', name, 'expected', `${run}.json`), 'utf8'),
    ) as Recorded;
    const [, type, ne, , sha256] = files[0].tensors.find(([own]) => own === tensor) ?? [];
    expect([...shapeOf(expr)].reverse()).toEqual(ne);
    const whole = encode(await loadTensor(case_.repo, expr), expr, type as GgmlType);
    expect(createHash('sha256').update(whole).digest('hex')).toBe(sha256);

    // The same by pieces, some of them smaller than the grain.
    const step = Math.max(1, Math.floor((grain(expr) * 3) / 2));
    const pieces: Uint8Array[] = [];
    for (let from = 0; from < rowCount(expr); from += step) {
      const part = narrow(expr, from, Math.min(from + step, rowCount(expr)));
      pieces.push(encode(await loadTensor(case_.repo, part), part, type as GgmlType));
    }
    expect(createHash('sha256').update(Buffer.concat(pieces)).digest('hex')).toBe(sha256);
  });
}

if (data) {
  describe.each(Object.entries(CASES))('%s', checkCase);
} else {
  test.skip('skipped: HF2GGUF_DATA is not set', () => {});
}
