import { KeyValues } from '#src/gguf/key-values.js';
import { checkIndexers, IndexerError } from '#src/plan/check-indexers.js';

const indexer = (block: number) =>
  ['attn_k.weight', 'attn_q_b.weight', 'k_norm.bias', 'k_norm.weight', 'proj.weight'].map((part) => ({
    name: `blk.${block}.indexer.${part}`,
  }));

function check(tensors: readonly { readonly name: string }[]): void {
  const kv = new KeyValues().array('hy_v4.attention.indexer.types', 'bool', [true, false, true]);
  checkIndexers(tensors, kv, 'hy_v4');
}

test('blocks with an indexer have all of it, and others none', () => {
  expect(() => check([...indexer(0), ...indexer(2)])).not.toThrow();
  const missing = [...indexer(0), ...indexer(2).slice(1)];
  expect(() => check(missing)).toThrow(IndexerError);
  expect(() => check(missing)).toThrow('Block 2 lacks blk.2.indexer.attn_k.weight,');
  const shared = [...indexer(0), ...indexer(1).slice(4), ...indexer(2)];
  expect(() => check(shared)).toThrow('Block 1 has blk.1.indexer.proj.weight,');
});
