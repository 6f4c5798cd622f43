import { ConfigFieldError, number, show } from '../config/fields.js';
import { UnsupportedError } from '../errors.js';
import type { Architecture } from './architecture.js';
import { llama, llamaHparams } from './llama.js';
import { ropeRoot } from './rope.js';

/** Mistral 4's mixture of experts under Mistral 3's class name. */
export class Mistral4Error extends UnsupportedError {}

/** Mistral 3, 3.1, 3.2 and Ministral 3: Llama, with Ministral's attention temperature. */
export const mistral3 = {
  ...llama,
  classes: ['Ministral3ForCausalLM', 'Mistral3ForConditionalGeneration'],
  gguf: 'mistral3',
  example: 'mistralai/Ministral-3-3B-Instruct-2512',
  check(config) {
    if (config.hparams.model_type === 'mistral4') {
      throw new Mistral4Error('The model is a Mistral 4, which is not supported yet.', 'Convert a Mistral 3 instead.');
    }
  },
  async hparams(context) {
    await llamaHparams(context);
    const { arch, config, kv } = context;
    if (config.hparams.model_type === 'ministral3') {
      const rope = ropeRoot(config);
      if (config.rope.rope_type !== 'yarn') {
        throw new ConfigFieldError(
          `${rope.path}.rope_type in config.json is ${show(config.rope.rope_type ?? null)}, and Ministral 3 has yarn.`,
        );
      }
      kv.f32(`${arch}.rope.scaling.yarn_log_multiplier`, number(rope, 'mscale_all_dim'));
      kv.f32(`${arch}.attention.temperature_scale`, number(rope, 'llama_4_scaling_beta'));
    }
  },
} as const satisfies Architecture;
