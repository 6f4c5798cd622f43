import { notHandled } from '../no-tokenizer.js';
import type { TokenizerKind } from './kind.js';

/** Kinds that are recognised, so that no later one is taken for them, but not written. */
function notYet(found: string, applies: TokenizerKind['applies']): TokenizerKind {
  return {
    applies,
    async write() {
      throw notHandled(found);
    },
  };
}

/** Mistral's own format. */
export const tekken = notYet('tekken.json', ({ files }, { tokenizer }) => !tokenizer && files.has('tekken.json'));

export const hybridDna = notYet(
  'a HybridDNATokenizer',
  (_, { tokenizerConfig }) => tokenizerConfig?.tokenizer_class === 'HybridDNATokenizer',
);
