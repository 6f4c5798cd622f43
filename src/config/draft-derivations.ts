import { array, type FieldSource, integer, integers, number, object } from '../language/fields.js';
import type { Config, Derivations } from './config.js';
import { eachBlock, headDim } from './derive.js';
import { gemmaDraftFields } from './rope-freqs.js';

/** Derivations of models that draft for another. */
export const DRAFT_DERIVATIONS = {
  /** The target's layers whose output an EAGLE-3 reads: its own list, or the usual ones of the target's. */
  eagle3_target_layers({ config: { root }, facts }) {
    const own = integers.optional({ hparams: root }, 'eagle_aux_hidden_state_layer_ids') ?? [];
    const layers = integer({ hparams: facts.target() }, 'num_hidden_layers');
    return own.length > 0 ? own : [2, Math.floor(layers / 2), layers - 3];
  },
  /** The target's layers whose input a DFlash reads; its configuration counts those whose output it is. */
  dflash_target_layers: ({ config }) =>
    (integers.optional(ownPart(config), 'target_layer_ids') ?? integers.optional(config, 'target_layer_ids'))?.map(
      (layer) => layer + 1,
    ),
  dspark_target_layers: ({ config }) => integers(config, 'dspark_target_layer_ids').map((layer) => layer + 1),
  dflash_window: ({ config }) => window(config),
  dflash_window_pattern({ config }) {
    const types = array.optional(config, 'layer_types') ?? [];
    const pattern = ownPart(config).hparams.use_swa
      ? eachBlock(config, () => 1)
      : types.map((type) => Number(type === 'sliding_attention'));
    return window(config) === undefined ? undefined : pattern;
  },
  /** Sections of time alone, where the target's rotary embedding has sections. */
  draft_mrope_sections({ config, facts }) {
    const target = { hparams: facts.target() };
    const rope = object.optional(target, 'rope_parameters') ?? object.optional(target, 'rope_scaling') ?? {};
    return rope.mrope_section === undefined ? undefined : [Math.floor(headDim(config) / 2), 0, 0, 0];
  },
  gemma4_draft_theta: ({ config }) => number.optional(gemmaDraftFields(config), 'rope_theta'),
  has_full_draft_vocabulary({ config }) {
    const size = integer(config, 'vocab_size');
    return (integer.optional(config, 'draft_vocab_size') || size) === size;
  },
} as const satisfies Derivations;

const ownPart = (config: Config): FieldSource => ({
  hparams: object.optional(config, 'dflash_config') ?? {},
  path: 'dflash_config',
});

/** The window of layers that have one. ref-quirk: `DFlashModel.set_gguf_parameters` in conversion/qwen.py. */
function window(config: Config): number | undefined {
  const own = ownPart(config);
  const size = integer.optional(own, 'swa_window_size') || integer.optional(config, 'sliding_window') || undefined;
  return config.hparams.use_sliding_window || own.hparams.use_swa ? size : undefined;
}
