import type { Known } from '../config/config.js';
import { UnsupportedError } from '../errors.js';
import type { NamedExpr } from '../tensor/expr.js';
import { sourcesOf } from '../tensor/rows.js';
import type { Architecture } from './architecture.js';
import { spellings } from './tensor-names.js';
import { transformed } from './transform.js';

/** An architecture for which llama.cpp knows no fused tensor of a kind. */
export class FusionError extends UnsupportedError {}

/** Which tensors of a block to join. */
export interface Fusions {
  readonly fuseQkv?: boolean;
  readonly fuseGateUpExps?: boolean;
}

interface Fusion {
  readonly parts: readonly string[];
  readonly into: string;
  readonly axis: number;
}

const QKV: Fusion = { parts: ['attn_q', 'attn_k', 'attn_v'], into: 'attn_qkv', axis: 0 };
const GATE_UP: Fusion = { parts: ['ffn_gate_exps', 'ffn_up_exps'], into: 'ffn_gate_up_exps', axis: 1 };

/**
 * GGUF names of architectures with queries, keys and values whose `attn_qkv` llama.cpp does not know (`MODEL_TENSORS`
 * in gguf-py/gguf/constants.py). ref-quirk: conversion/jamba.py writes its tensors past the fusion.
 */
const WITHOUT_QKV: ReadonlySet<string> = new Set([
  ...['bailingmoe3', 'bitnet', 'cohere2moe', 'deepseek2', 'dflash', 'eagle3', 'granite_swa', 'hrm_text', 'hy_v3'],
  ...['jamba', 'kimi-k3', 'laguna', 'maple', 'mellum', 'minimax-m3', 'nanbeige', 'pockettts', 'qwen3tts', 'talkie'],
]);

/** GGUF names of architectures whose `ffn_gate_up_exps` llama.cpp knows. */
const WITH_GATE_UP: ReadonlySet<string> = new Set([
  ...['cohere2moe', 'deepseek2-ocr', 'gemma4', 'granite_swa', 'mistral4', 'qwen35moe', 'qwen3next', 'qwen4exp'],
]);

/**
 * Joins tensors of a block; the result stands where the last of them stood. ref-quirk: `modify_tensors` and
 * `prepare_qkv_fusion` in conversion/base.py. Queries, keys and values are joined only where the checkpoint has each of
 * them in a tensor of its own, and a bias for all of them or none.
 * @throws FusionError for an architecture without such experts, TransformError
 */
export function fuse(
  { gguf }: Architecture,
  known: Known,
  tensors: readonly NamedExpr[],
  { fuseQkv = false, fuseGateUpExps = false }: Fusions,
): readonly NamedExpr[] {
  const joined = fuseGateUpExps ? join(tensors, GATE_UP, known, () => allowGateUp(gguf)) : tensors;
  return fuseQkv && !WITHOUT_QKV.has(gguf) ? join(joined, QKV, known, isWhole) : joined;
}

function allowGateUp(gguf: string): true {
  if (!WITH_GATE_UP.has(gguf)) {
    throw new FusionError(
      `llama.cpp does not read the gates of experts fused with their up projections in models of ${gguf}.`,
      'Leave --fuse-gate-up-exps out.',
    );
  }
  return true;
}

type Find = (name: string, suffix: string) => NamedExpr | undefined;

/** @param may whether the parts of a block may be joined, given how to find them. */
function join(
  tensors: readonly NamedExpr[],
  { parts, into, axis }: Fusion,
  known: Known,
  may: (find: Find) => boolean,
): readonly NamedExpr[] {
  const places = new Map(tensors.map(({ name }, i) => [name, i]));
  return tensors.flatMap((tensor, i) => {
    const [, block, part = '', suffix = ''] = /^blk\.(\d+)\.([^.]+)(\.weight|\.bias)$/.exec(tensor.name) ?? [];
    const find: Find = (name, end) => tensors[places.get(`blk.${block}.${name}${end}`) ?? -1];
    const own = parts.flatMap((name) => find(name, suffix) ?? []);
    if (!parts.includes(part) || own.length < parts.length || !may(find)) {
      return [tensor];
    }
    if (i < Math.max(...own.map(({ name }) => places.get(name) ?? 0))) {
      return [];
    }
    const place = { known, name: tensor.name, block: Number(block) };
    const made = transformed(
      own.map(({ expr }) => expr),
      [['concat', axis]],
      place,
    );
    return made.map((expr) => ({ ...tensor, name: `blk.${block}.${into}${suffix}`, expr }));
  });
}

/** Whether a block's queries, keys and values are tensors of the checkpoint, with biases for all of them or none. */
function isWhole(find: Find): boolean {
  const has = (suffix: string) => QKV.parts.map((name) => isOwn(find(name, suffix), name, suffix));
  const [weights, biases] = [has('.weight'), has('.bias')];
  return weights.every(Boolean) && (biases.every(Boolean) || !biases.some(Boolean));
}

/** Whether a tensor is one of the checkpoint under a name that queries, keys or values have, and no part of one. */
function isOwn(tensor: NamedExpr | undefined, name: string, suffix: string): boolean {
  const sources = tensor ? sourcesOf(tensor.expr) : [];
  return sources.some((source) => spellings(name).some((spelling) => source.name.endsWith(`.${spelling}${suffix}`)));
}
