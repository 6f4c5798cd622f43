import { notHandled } from '../no-tokenizer.js';
import type { TokenizerKind } from './kind.js';

/**
 * Makes a kind that is recognised but cannot be written. It stands in a plan so that no later kind is tried in its
 * place.
 */
function notYet(found: string, applies: TokenizerKind['applies']): TokenizerKind {
  return {
    applies,
    async write() {
      throw notHandled(found);
    },
  };
}

export const hybridDna = notYet(
  'a HybridDNATokenizer',
  (_, { tokenizerConfig }) => tokenizerConfig?.tokenizer_class === 'HybridDNATokenizer',
);
