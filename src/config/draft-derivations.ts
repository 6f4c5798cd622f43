import type { JsonObject } from '../json.js';
import { MAX_HEAD_DIM } from '../limits.js';
import type { Config } from './config.js';
import { blockCount, headDim } from './derive.js';
import {
  ConfigFieldError,
  integer,
  optionalArray,
  optionalInteger,
  optionalIntegers,
  optionalNumber,
  optionalObject,
  optionalString,
  show,
} from './fields.js';
import type { Derived, Known } from './known.js';
import { ropeFields } from './rope.js';

/** Derivations of models that draft for another. */
export const DRAFT_DERIVATIONS = {
  /** The target's layers whose output an EAGLE-3 reads: its own list, or the usual ones of the target's. */
  eagle3_target_layers({ config: { root }, facts }) {
    const own = optionalIntegers({ hparams: root }, 'eagle_aux_hidden_state_layer_ids') ?? [];
    const layers = integer({ hparams: facts.target() }, 'num_hidden_layers');
    return own.length > 0 ? own : [2, Math.floor(layers / 2), layers - 3];
  },
  /** The target's layers whose input a DFlash reads; its configuration counts those whose output it is. */
  dflash_target_layers: ({ config }) =>
    (optionalIntegers(ownPart(config), 'target_layer_ids') ?? optionalIntegers(config, 'target_layer_ids'))?.map(
      (layer) => layer + 1,
    ),
  dflash_window: ({ config }) => window(config),
  dflash_window_pattern({ config }) {
    const types = optionalArray(config, 'layer_types') ?? [];
    const isAll = Boolean(ownPart(config).hparams.use_swa);
    const pattern = isAll
      ? Array.from({ length: blockCount(config) }, () => 1)
      : types.map((type) => Number(type === 'sliding_attention'));
    return window(config) === undefined ? undefined : pattern;
  },
  /** Sections of time alone, where the target's rotary embedding has sections. */
  draft_mrope_sections({ config, facts }) {
    const target = { hparams: facts.target() };
    const rope = optionalObject(target, 'rope_parameters') ?? optionalObject(target, 'rope_scaling') ?? {};
    return rope.mrope_section === undefined ? undefined : [Math.floor(headDim(config) / 2), 0, 0, 0];
  },
  gemma4_draft_theta: ({ config }) =>
    isGemmaDefault(config) ? GEMMA_ROPE.rope_theta : optionalNumber(ropeFields(config), 'rope_theta'),
  has_full_draft_vocabulary({ config }) {
    const size = integer(config, 'vocab_size');
    return (optionalInteger(config, 'draft_vocab_size') || size) === size;
  },
} as const satisfies Record<string, (known: Known) => Derived>;

function ownPart(config: Config): { readonly hparams: JsonObject; readonly path: string } {
  return { hparams: optionalObject(config, 'dflash_config') ?? {}, path: 'dflash_config' };
}

/** The window of layers that have one. ref-quirk: `DFlashModel.set_gguf_parameters` in conversion/qwen.py. */
function window(config: Config): number | undefined {
  const own = ownPart(config);
  const isOn = Boolean(config.hparams.use_sliding_window) || Boolean(own.hparams.use_swa);
  const size = optionalInteger(own, 'swa_window_size') || optionalInteger(config, 'sliding_window');
  return isOn && size ? size : undefined;
}

/** What Gemma 4 has where config.json has no rope_parameters. */
const GEMMA_ROPE = { rope_type: 'proportional', partial_rotary_factor: 0.25, rope_theta: 1000000 };

const isGemmaDefault = ({ hparams }: Config) => Object.keys(hparams.rope_parameters ?? {}).length === 0;

/**
 * Factors for each pair of a head's dimensions in a draft of Gemma 4, as in `proportionalRope`; undefined where all of
 * them are rotated. ref-quirk: `Gemma4DSparkModel.generate_extra_tensors` in conversion/gemma.py.
 * @throws ConfigFieldError
 */
export function gemmaDraftRope(config: Config): readonly number[] | undefined {
  const rope = isGemmaDefault(config) ? { hparams: GEMMA_ROPE } : ropeFields(config);
  const type = optionalString(rope, 'rope_type');
  if (type === 'default') {
    return undefined;
  }
  const size = integer(config, 'global_head_dim');
  const share = optionalNumber(rope, 'partial_rotary_factor') ?? GEMMA_ROPE.partial_rotary_factor;
  const rotated = Math.trunc((size * share) / 2);
  if (type !== 'proportional' || !(share > 0 && share <= 1) || size * share !== 2 * rotated || size > MAX_HEAD_DIM) {
    throw new ConfigFieldError(
      `config.json rotates ${share} of ${size} dimensions (rope_type ${show(type ?? null)}), which is no way of Gemma 4.`,
    );
  }
  return Array.from({ length: Math.trunc(size / 2) }, (_, i) => (i < rotated ? 1 : 1e30));
}
