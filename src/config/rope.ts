import type { Config } from './config.js';
import { type FieldSource, object } from './fields.js';

/** All rotary fields, with their places in config.json. */
export const ropeRoot = ({ rope, ropePlace }: Config): FieldSource & { readonly path: string } => ({
  hparams: rope,
  ...ropePlace,
});

/** The rotary fields of layers with full attention: their own part if there is one, else all rotary fields. */
export function ropeFields(config: Config): FieldSource {
  const root = ropeRoot(config);
  const full = object.optional(root, 'full_attention');
  return full ? { hparams: full, path: `${root.path}.full_attention` } : root;
}
