import type { Config } from '../config/config.js';
import {
  ConfigFieldError,
  type FieldSource,
  optionalArray,
  optionalInteger,
  optionalNumber,
  optionalObject,
  optionalString,
  show,
} from '../config/fields.js';
import type { KeyValues } from '../gguf/key-values.js';

/** The rotary fields of the layers with full attention: a part of its own, or all of `rope_parameters`. */
export function ropeFields(config: Config): FieldSource {
  const root = ropeRoot(config);
  const full = optionalObject(root, 'full_attention');
  return full ? { hparams: full, path: `${root.path}.full_attention` } : root;
}

/** All of them, with their places in config.json. */
export function ropeRoot({ rope, ropePlace }: Config): FieldSource & { readonly path: string } {
  return { hparams: rope, ...ropePlace };
}

/** The rotary keys of `TextModel.set_gguf_parameters`: scaling, sections, base frequencies. */
export function writeRope(arch: string, config: Config, kv: KeyValues): void {
  const rope = ropeFields(config);
  writeScaling(arch, rope, kv);

  const root = ropeRoot(config);
  const sections = optionalArray(root, 'mrope_section');
  if (sections) {
    kv.array(`${arch}.rope.dimension_sections`, 'i32', mropeSections(sections, root.path));
  }
  writeNumber(kv, `${arch}.rope.freq_base`, rope, 'rope_theta');
  const sliding = optionalObject(root, 'sliding_attention');
  if (sliding) {
    const source = { hparams: sliding, path: `${root.path}.sliding_attention` };
    writeNumber(kv, `${arch}.rope.freq_base_swa`, source, 'rope_theta');
  }
}

/** Types not named here (`default`, `dynamic`, `llama3` and unknown ones) write no key; `llama3` has `rope_freqs`, and
 * `doubtRope` says what is lost. */
function writeScaling(arch: string, rope: FieldSource, kv: KeyValues): void {
  const type = optionalString(rope, 'rope_type');
  const factor = optionalNumber(rope, 'factor');
  const key = `${arch}.rope.scaling`;
  if (type === 'linear' && factor !== undefined) {
    kv.string(`${key}.type`, 'linear').f32(`${key}.factor`, factor);
  } else if (type === 'yarn' && factor !== undefined) {
    kv.string(`${key}.type`, 'yarn').f32(`${key}.factor`, factor);
    kv.u32(`${key}.original_context_length`, originalContext(rope));
    writeNumber(kv, `${key}.yarn_ext_factor`, rope, 'extrapolation_factor');
    writeNumber(kv, `${key}.yarn_attn_factor`, rope, 'attention_factor', 'attn_factor');
    writeNumber(kv, `${key}.yarn_beta_fast`, rope, 'beta_fast');
    writeNumber(kv, `${key}.yarn_beta_slow`, rope, 'beta_slow');
  } else if (type === 'su' || type === 'longrope') {
    kv.string(`${key}.type`, 'longrope');
  }
}

function originalContext(rope: FieldSource): number {
  const context = optionalInteger(rope, 'original_max_position_embeddings');
  if (context === undefined) {
    throw new ConfigFieldError(
      `config.json has no ${rope.path}.original_max_position_embeddings, which YaRN starts from.`,
      'Add it: the max_position_embeddings that the model had before it was scaled.',
    );
  }
  return context;
}

function writeNumber(kv: KeyValues, key: string, source: FieldSource, ...names: string[]): void {
  const value = optionalNumber(source, ...names);
  if (value !== undefined) {
    kv.f32(key, value);
  }
}

/** Time, height, width and one more: four, filled with zeros. */
function mropeSections(sections: ReturnType<typeof optionalArray>, path: string): number[] {
  return [...(sections ?? []), 0, 0, 0, 0].slice(0, 4).map((section) => {
    if (typeof section !== 'number' || !Number.isInteger(section) || Math.abs(section) >= 2 ** 31) {
      throw new ConfigFieldError(`${path}.mrope_section in config.json has ${show(section)}, not a whole number.`);
    }
    return section;
  });
}
