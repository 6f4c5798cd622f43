import type { Config } from '../config/config.js';
import { ropeFields } from '../config/derive.js';
import type { KeyValues } from '../gguf/key-values.js';
import { number, string } from '../language/fields.js';
import { type DoubtSink, doubt } from '../warnings.js';

/** What was made of a configuration. */
export interface WrittenRope {
  readonly arch: string;
  readonly kv: KeyValues;
  /** Names of the file's tensors. */
  readonly tensors: readonly string[];
}

/** Types that scale nothing, or are told by other keys. */
const UNSCALED: readonly string[] = ['default', 'none', 'mrope'];

/**
 * Says where config.json scales the rotary embedding and the file does not, as the reference writes it.
 * @throws StrictError with `strict`
 */
export function doubtRope(config: Config, { arch, kv, tensors }: WrittenRope, to: DoubtSink): void {
  const rope = ropeFields(config);
  const type = string.optional(rope, 'rope_type') ?? 'default';
  const written = kv.get(`${arch}.rope.scaling.type`)?.value;
  const hasFactors = tensors.some((name) => name.startsWith('rope_f'));
  const isScaled = written === 'longrope' ? hasFactors : written !== undefined || hasFactors;
  if (UNSCALED.includes(type) || isScaled || number.optional(rope, 'factor') === 1) {
    return;
  }
  doubt(
    to,
    `${rope.path ?? 'rope_parameters'} of config.json asks for ${JSON.stringify(type.slice(0, 100))}, which is not carried over for ${arch}: ` +
      'llama.cpp will not scale the rotary embedding.',
    'Texts within the context that the model was trained on first are read right, longer ones may not be.',
  );
}
