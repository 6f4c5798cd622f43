import type { Architecture } from '../archs/architecture.js';
import type { Config } from '../config/config.js';
import type { Names } from '../loading/names.js';
import type { NamedExpr } from '../tensor/expr.js';
import { sourcesOf } from '../tensor/rows.js';

/**
 * Tensors and keys as the user knows them: by the checkpoint's names and config.json's fields, the GGUF's behind them. A
 * tensor that is missing is called as its like in another block.
 */
export function sourceNames(tensors: readonly NamedExpr[], arch: Architecture, config: Config): Names {
  const sources = new Map(
    tensors.flatMap(({ name, expr }): [string, string][] => {
      const [source] = sourcesOf(expr);
      return source ? [[name, source.name]] : [];
    }),
  );
  const likes = new Map([...sources].map(([name, source]) => [withBlock(name, ANY_BLOCK), source]));
  return {
    tensor(name) {
      const like = likes.get(withBlock(name, ANY_BLOCK));
      const source = sources.get(name) ?? (like && withBlock(like, BLOCK.exec(name)?.[1] ?? ANY_BLOCK));
      return source === undefined ? name : `${source} (${name})`;
    },
    key(key) {
      const fields = key === TOKENS ? ['vocab_size'] : configFields(arch, key.slice(key.indexOf('.') + 1));
      const field = fields.find((name) => config.hparams[name] !== undefined) ?? fields[0];
      return field === undefined ? key : `${field} in config.json (${key})`;
    },
    shape: (ne) => `[${[...ne].reverse().join(', ')}]`,
    next: 'Check that config.json and the weights belong together, and that all files were downloaded whole.',
  };
}

const TOKENS = 'tokenizer.ggml.tokens';
const ANY_BLOCK = '{bid}';
const BLOCK = /\.(\d+)\./;

function withBlock(name: string, block: string): string {
  return name.replace(BLOCK, `.${block}.`);
}

/** The fields of config.json that a key, without its architecture, comes from; the usual name first. */
function configFields({ keys }: Architecture, key: string): readonly string[] {
  const from = keys.find(([name]) => name === `{arch}.${key}`)?.[2];
  return from && 'fields' in from ? from.fields : from && 'derive' in from ? (DERIVED_FROM[from.derive] ?? []) : [];
}

/** The field by which a user knows a derived value. */
const DERIVED_FROM: Partial<Record<string, readonly string[]>> = {
  block_count: ['num_hidden_layers', 'n_layer', 'num_layers'],
  head_dim: ['head_dim'],
};
