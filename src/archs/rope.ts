import type { Config } from '../config/config.js';
import {
  ConfigFieldError,
  type FieldSource,
  integer,
  optionalArray,
  optionalNumber,
  optionalObject,
  optionalString,
  show,
} from '../config/fields.js';
import type { KeyValues } from '../gguf/key-values.js';

/** The rotary fields of the layers with full attention: a part of its own, or all of `rope_parameters`. */
export function ropeFields(config: Config): FieldSource {
  const root = { hparams: config.rope, path: 'rope_parameters' };
  const full = optionalObject(root, 'full_attention');
  return full ? { hparams: full, path: 'rope_parameters.full_attention' } : root;
}

/** The rotary keys of `TextModel.set_gguf_parameters`: scaling, sections, base frequencies. */
export function writeRope(arch: string, config: Config, kv: KeyValues): void {
  const rope = ropeFields(config);
  writeScaling(arch, rope, kv);

  const root = { hparams: config.rope, path: 'rope_parameters' };
  const sections = optionalArray(root, 'mrope_section');
  if (sections) {
    kv.array(`${arch}.rope.dimension_sections`, 'i32', mropeSections(sections));
  }
  writeNumber(kv, `${arch}.rope.freq_base`, rope, 'rope_theta');
  const sliding = optionalObject(root, 'sliding_attention');
  if (sliding) {
    const source = { hparams: sliding, path: 'rope_parameters.sliding_attention' };
    writeNumber(kv, `${arch}.rope.freq_base_swa`, source, 'rope_theta');
  }
}

/** Types not named here (`default`, `dynamic`, `llama3` and unknown ones) write no key; `llama3` has `rope_freqs`. */
function writeScaling(arch: string, rope: FieldSource, kv: KeyValues): void {
  const type = optionalString(rope, 'rope_type');
  const factor = optionalNumber(rope, 'factor');
  const key = `${arch}.rope.scaling`;
  if (type === 'linear' && factor !== undefined) {
    kv.string(`${key}.type`, 'linear').f32(`${key}.factor`, factor);
  } else if (type === 'yarn' && factor !== undefined) {
    kv.string(`${key}.type`, 'yarn').f32(`${key}.factor`, factor);
    kv.u32(`${key}.original_context_length`, integer(rope, 'original_max_position_embeddings'));
    writeNumber(kv, `${key}.yarn_ext_factor`, rope, 'extrapolation_factor');
    writeNumber(kv, `${key}.yarn_attn_factor`, rope, 'attention_factor', 'attn_factor');
    writeNumber(kv, `${key}.yarn_beta_fast`, rope, 'beta_fast');
    writeNumber(kv, `${key}.yarn_beta_slow`, rope, 'beta_slow');
  } else if (type === 'su' || type === 'longrope') {
    kv.string(`${key}.type`, 'longrope');
  }
}

function writeNumber(kv: KeyValues, key: string, source: FieldSource, ...names: string[]): void {
  const value = optionalNumber(source, ...names);
  if (value !== undefined) {
    kv.f32(key, value);
  }
}

/** Time, height, width and one more: four, filled with zeros. */
function mropeSections(sections: ReturnType<typeof optionalArray>): number[] {
  return [...(sections ?? []), 0, 0, 0, 0].slice(0, 4).map((section) => {
    if (typeof section !== 'number' || !Number.isInteger(section) || Math.abs(section) >= 2 ** 31) {
      throw new ConfigFieldError(
        `rope_parameters.mrope_section in config.json has ${show(section)}, not a whole number.`,
      );
    }
    return section;
  });
}
