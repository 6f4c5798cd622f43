import { SourceError } from '../errors.js';
import type { KeyValues } from '../gguf/key-values.js';
import type { NamedExpr } from '../tensor/expr.js';

/** A block has an indexer where config.json gives it none, or lacks a part of the one that it is given. */
export class IndexerError extends SourceError {}

/** The architectures whose blocks share the indexer of a block before them, so that each must have all of it or none. */
const SHARING = ['hy_v4'];
const PARTS = ['attn_k.weight', 'attn_q_b.weight', 'k_norm.bias', 'k_norm.weight', 'proj.weight'];

/**
 * Compares the tensors of indexers with `attention.indexer.types`. ref-quirk: `prepare_tensors` in conversion/hy_v4.py.
 * @throws IndexerError
 */
export function checkIndexers(tensors: readonly Pick<NamedExpr, 'name'>[], kv: KeyValues, gguf: string): void {
  const types = kv.get(`${gguf}.attention.indexer.types`);
  if (!SHARING.includes(gguf) || types?.type !== 'array') {
    return;
  }
  const names = new Set(tensors.map(({ name }) => name));
  Array.from(types.value, Number).forEach((owns, block) => {
    const [present, missing] = [true, false].map((wanted) =>
      PARTS.map((part) => `blk.${block}.indexer.${part}`).filter((name) => names.has(name) === wanted),
    );
    const wrong = owns ? missing : present;
    if (wrong && wrong.length > 0) {
      throw new IndexerError(
        `Block ${block} ${owns ? 'lacks' : 'has'} ${wrong.join(', ')}, and config.json says that it ` +
          `${owns ? 'has an indexer of its own' : 'shares that of a block before it'}.`,
        'Check that config.json and the checkpoint belong together.',
      );
    }
  });
}
